// What several views are made of.
import { h, badge, mark, panel, put, show } from "./dom.js";
import { brief, count } from "./format.js";
import { isAdmin, lists } from "./lists.js";

/** Why a list cannot be shown, if so. */
export function remark({ data, problem }) {
  if (problem?.isMissing) return "Not available on this node.";
  if (problem) return `${data ? "This may be old: " : ""}${problem.message}.`;
  if (!data) return "Loading…";
  return data.isCut ? "There is more than is shown here: choose a tenant." : "";
}

export function follow(table, live, empty, items = live.data ?? []) {
  table.show(items);
  put(table.note, remark(live) || empty);
  show(table.note, Boolean(remark(live)) || !items.length);
}

export const filterInput = (label, oninput) =>
  h("input.filter", { type: "search", placeholder: `${label} ( / )`, "aria-label": label, spellcheck: "false", oninput });

/** Whether each word of the filter is somewhere in the item. */
export function matches({ value }, item) {
  const text = value && JSON.stringify(item).toLowerCase();
  return value.toLowerCase().split(" ").every((word) => text.includes(word));
}

/** A view of one list: a filter, what else stands `beside` it, and the table. */
export function listView({ list, title, empty, table, beside, arrange = (items) => items, ...view }) {
  const filter = filterInput(`Filter ${title.toLowerCase()}`, () => render(lists[list]));
  const tally = h("span.dim");
  const render = (live) => {
    const items = arrange(live.data ?? []);
    const shown = items.filter((item) => matches(filter, item));
    put(tally, `${count(shown.length)} of ${count(items.length)}`);
    follow(table, live, filter.value ? "Nothing matches." : empty, shown);
  };
  return { ...view, title, filter, watches: { [list]: render }, element: panel(title, h("div.tools", {}, filter, tally, beside), table.element) };
}

/** A column of buttons that only admins see: `acts` by their labels; `nameOf(item)` tells the rows' buttons apart for those who hear them. */
export const actions = (width, nameOf, acts, isShown = () => true) => ({
  label: "", width, tag: "td.actions",
  make: (cell, current) => cell.append(...Object.entries(acts).map(([label, act]) => h("button.small", { onclick: () => act(current()) }, label))),
  fill: (cell, item) => {
    for (const button of cell.children) {
      show(button, isAdmin() && isShown(item));
      mark(button, "aria-label", `${button.textContent}: ${nameOf(item)}`);
    }
  },
});

const TONES = [
  ["bad", /^(budget_(exhausted|error)|insufficient_budget|auth_failure|upstream_down|ledger_rollback|config_rejected)/],
  ["warn", /^(rate_limited|hold_lapsed|late_settle|tools_changed|gap|token_revoked)/], ["good", /^(upstream_up|session_connect)/],
  ["info", /^(budget_set|window_|delegation|tenant_|token_minted|session_close)/]];

export function eventBadge({ type, data }) {
  const isOdd = data?.enforced === false || (data?.outcome ?? "ok") !== "ok";
  return badge(type, isOdd ? "warn" : TONES.find(([, pattern]) => pattern.test(type))?.[0]);
}

/** What happened, in a line. */
export function summary({ type, data = {}, budgetId }) {
  if (type === "gap") return `events ${data.from ?? "…"} to ${data.to ?? "…"} are gone`;
  const { tool, upstream, account, label, client, reason, error, outcome, cost, remaining, limit, durationMs, enforced, by } = data;
  const ifKnown = (value, before, after = "") => `${value ?? ""}` && `${before} ${value}${after}`;
  return [
    tool ?? client ?? account ?? upstream, tool && upstream && `at ${upstream}`, label, error !== type && error, reason, outcome !== "ok" && outcome,
    ifKnown(cost, "cost"), ifKnown(remaining, "left"), ifKnown(limit, "limit"), ifKnown(durationMs, "in", " ms"),
    enforced === false && "let through", budgetId && `budget ${brief(budgetId)}`, by && `by ${by}`,
  ].filter(Boolean).join(" · ");
}
