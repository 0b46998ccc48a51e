// What happens, as it happens.
import { h, panel, put, mark } from "./dom.js";
import { Table, text } from "./table.js";
import { clock, full, count } from "./format.js";
import { details } from "./dialogs.js";
import { Live } from "./api.js";
import { eventBadge, filterInput, follow, matches, summary } from "./parts.js";
import { feed, history, isOfTenant, keyOf, merged, REFUSALS } from "./lists.js";

const MOST = 500;
const SHOWN_EVERY = 250;

const GROUPS = {
  refusals: REFUSALS,
  calls: ["tool_call", "budget_spend"],
  money: ["budget_spend", "budget_set", "window_reset", "hold_lapsed", "late_settle", "delegation", "delegation_return", "ledger_rollback"],
  sessions: ["session_connect", "session_close", "session_keepalive"],
  upstreams: ["upstream_up", "upstream_down", "tools_changed"],
  changes: ["tenant_changed", "token_minted", "token_revoked", "budget_set", "config_rejected", "log_turned"],
};
const TYPES = [...new Set(Object.values(GROUPS).flat())].sort();

export const openEvent = (event) => details(`${event.type}: ${summary(event)}`, event);

/** The columns of a list of events. */
export const eventColumns = (type) => [
  text("at", "Time", "8rem", ({ timestamp }) => clock(timestamp), ({ timestamp }) => full(timestamp)),
  // Most rows stay the event that they were.
  { label: type, width: "11.5rem", fill: (cell, event) => cell.event === event || cell.replaceChildren(eventBadge((cell.event = event))) },
  text("tenantId", "Tenant", "8rem"), text("what", "What", null, summary)];

const table = new Table({ caption: "Events, newest first", key: keyOf, open: openEvent, size: MOST, columns: eventColumns("Type") });

const filter = filterInput("Filter events", draw);
const option = (value) => h("option", { value }, value || "all types");
const kind = h("select", { "aria-label": "Type of event", onchange: () => restart() }, option(""),
  h("optgroup", { label: "Groups" }, Object.keys(GROUPS).map(option)), h("optgroup", { label: "Types" }, TYPES.map(option)));
const pause = h("button", { "aria-keyshortcuts": "p", onclick: togglePause });
const tally = h("span.dim");

let rows = [];
let waiting = [];
let waitingCount = 0;
let isPaused = false;
let timer = 0;

const types = () => GROUPS[kind.value] ?? (kind.value ? [kind.value] : null);
const isWanted = (event) => isOfTenant(event) && (types()?.includes(event.type) ?? true) || event.type === "gap";

// The past is asked for once; from then on the feed brings all.
const past = new Live(() => history({ type: types()?.join(), last: 200 }), 86_400_000);

function showPast({ data }) {
  if (data) rows = merged(rows, data, MOST);
  draw();
}

function restart() {
  [rows, waiting, waitingCount] = [[], [], 0];
  past.reset();
}

function togglePause() {
  isPaused = !isPaused;
  if (!isPaused) rows = merged(waiting, rows, MOST);
  [waiting, waitingCount] = [[], 0];
  draw();
}

feed.addEventListener("events", ({ detail: batch }) => {
  const wanted = batch.filter(isWanted).reverse();
  for (const event of wanted) event.timestamp ??= new Date().toISOString();
  waitingCount += wanted.length;
  if (isPaused) waiting = [...wanted, ...waiting].slice(0, MOST);
  else rows = [...wanted, ...rows].slice(0, MOST);
  if (wanted.length) timer ||= setTimeout(draw, SHOWN_EVERY);
});

function draw() {
  timer = 0;
  if (events.element.hidden) return;
  const shown = rows.filter((event) => matches(filter, event));
  put(pause, isPaused ? `Resume (${count(waitingCount)} waiting)` : "Pause");
  mark(pause, "aria-pressed", isPaused);
  put(tally, `${count(shown.length)} shown`);
  follow(table, past, "No event yet.", shown);
}

export const events = {
  id: "events", title: "Events", key: "e", filter, togglePause, restart,
  element: panel("Events", h("div.tools", {}, filter, kind, pause, tally), table.element),
  enter: () => past.watch(showPast),
};
