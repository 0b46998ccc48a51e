// How it goes, at a glance.
import { h, put, show, panel, badge } from "./dom.js";
import { Chart } from "./charts.js";
import { Table } from "./table.js";
import { compact, count, credits, duration, hour, full } from "./format.js";
import { follow, remark, summary } from "./parts.js";
import { keyOf, lists, state } from "./lists.js";
import { eventColumns, openEvent } from "./events.js";
import { nameOf } from "./budgets.js";
import { nodesTable } from "./nodes.js";

const SOON = 3_600_000;

const TILES = ["Calls / min", "Refused / min", "Credits / min", "Latency p95", "Sessions", "Calls in flight"];
const tiles = TILES.map((label) => h("div.tile", { role: "group", "aria-label": label }, h("span", {}, label), h("b"), h("small")));

function tell(index, value, note) {
  const [, shown, small] = tiles[index].children;
  put(shown, value);
  put(small, note);
}

const charts = [
  new Chart({
    title: "Calls", isStacked: true, format: compact,
    series: [["ok", "answered", ({ calls, errors }) => Math.max(0, calls - errors)], ["errors", "failed", ({ errors }) => errors], ["refused", "refused", ({ refused }) => refused]],
  }),
  new Chart({ title: "Credits", isStacked: true, format: compact, series: [["credits", "spent", (minute) => minute.credits]] }),
  new Chart({
    title: "Latency", format: duration,
    series: [["p50", "p50", ({ p50Ms }) => p50Ms], ["p95", "p95", ({ p95Ms }) => p95Ms], ["p99", "p99", ({ p99Ms }) => p99Ms]],
  }),
];
const chartsNote = h("p.empty");

function showActivity(live) {
  const minutes = live.data ?? [];
  put(chartsNote, remark(live));
  show(chartsNote, Boolean(remark(live)));
  for (const chart of charts) chart.show(minutes);
  const [before, current] = minutes.slice(-2);
  // The last sixty seconds, out of minutes of the clock.
  const rest = 1 - Math.min(1, Math.max(0, (Date.now() - Date.parse(current?.at)) / 60_000));
  ["calls", "refused", "credits"].forEach((name, index) => {
    const total = minutes.reduce((sum, minute) => sum + minute[name], 0);
    const rate = current && current[name] + rest * before[name];
    tell(index, compact(rate), current && `${compact(total)} in the hour`);
    if (name === "refused") tiles[index].classList.toggle("alarm", rate > 0);
  });
  const latest = minutes.findLast(({ p95Ms }) => p95Ms);
  tell(3, duration(latest?.p95Ms), latest && `p50 ${duration(latest.p50Ms)}, p99 ${duration(latest.p99Ms)}`);
}

const showSessions = ({ data }) => tell(4, count(data?.length), data && `kinds of agents: ${new Set(data.map(({ agent }) => agent)).size}`);

const nodes = nodesTable("Nodes");

function showNodes(live) {
  follow(nodes, live, "No nodes.");
  tell(5, count(live.data?.reduce((sum, { calls }) => sum + (calls ?? 0), 0)), live.data && `nodes: ${live.data.length}`);
}

function* findings() {
  for (const account of lists.accounts.data ?? []) {
    const name = `${account.tenant} / ${nameOf(account)}`;
    if (account.rolledBack) yield ["bad", "Lost writes", `${name} is refused until it is resumed`, "budgets"];
    else if (account.available <= 0) yield ["bad", "Exhausted", `${name}: ${credits(account.spent)} of ${credits(account.limit)} spent`, "budgets"];
    else if (Date.parse(account.exhaustedAt) - Date.now() < SOON) yield ["warn", "Running out", `${name}: ${credits(account.available)} left until ${hour(account.exhaustedAt)}`, "budgets"];
  }
  for (const { tenant, upstream, standing, reason, changedTools, since } of lists.upstreams.data ?? []) {
    if (standing !== "up") yield ["bad", "Down", `${tenant} / ${upstream}: ${reason ?? standing}`, "upstreams", full(since)];
    else if (changedTools?.length) yield ["warn", "Changed", `${tenant} / ${upstream}: ${changedTools.join(", ")}`, "upstreams"];
  }
  for (const gap of state.gaps) yield ["warn", "Gap", `${gap.tenantId}: ${summary(gap)}`, "events"];
}

const alerts = h("ul.alerts");

function showAlerts() {
  const lines = [...findings()].slice(0, 50).map(([tone, what, text, view, title]) => h("li", {}, badge(what, tone), h("a", { href: `#${view}`, title: title ?? text }, text)));
  const why = remark(lists.accounts) || remark(lists.upstreams);
  alerts.replaceChildren(...(lines.length ? lines : [h("li.dim", {}, why || "Nothing needs attention.")]));
}

// That an account is at its end is told without an error, too.
const isRefusal = ({ data }) => data?.error && data.enforced !== false;
const refusals = new Table({ caption: "Latest refusals", key: keyOf, open: openEvent, columns: eventColumns("Refused for") });

export const overview = {
  id: "overview", title: "Overview", key: "o",
  element: h("div", {}, h("div.tiles", {}, tiles), chartsNote, h("div.charts", {}, charts.map(({ element }) => element)),
    h("div.halves", {}, panel("Needs attention", alerts), panel("Latest refusals", refusals.element)), panel("Nodes", nodes.element)),
  watches: {
    activity: showActivity, sessions: showSessions, nodes: showNodes, accounts: showAlerts, upstreams: showAlerts,
    refusals: (live) => follow(refusals, live, "No call was refused.", (live.data ?? []).filter(isRefusal).slice(0, 10)),
  },
};
