// What hard mode would have refused.
import { h, panel, mark } from "./dom.js";
import { Table, number, text } from "./table.js";
import { credits } from "./format.js";
import { call, path } from "./api.js";
import { ask } from "./dialogs.js";
import { follow } from "./parts.js";
import { isAdmin, keyOf, lists, state } from "./lists.js";
import { eventColumns, openEvent } from "./events.js";

const MODES = { observe: "what hard mode would refuse is only recorded", soft: "agents are only warned", hard: "calls without credit are refused" };

function change({ tenant, mode: before }, select) {
  const mode = select.value;
  select.value = before;
  ask({
    title: `${tenant}: from ${before} to ${mode}?`, verb: `Switch to ${mode}`, isGrave: true, done: `${tenant} is in ${mode} mode now.`, live: lists.tenants,
    text: `In ${mode} mode ${MODES[mode]}. Budgets with a mode of their own keep it.`,
    act: () => call("PUT", path`tenants/${tenant}/mode`, { mode }),
  });
}

function makeMode(cell, current) {
  const select = h("select", { onchange: () => change(current(), select) }, Object.keys(MODES).map((mode) => h("option", {}, mode)));
  cell.append(select);
}

function fillMode({ firstChild: select }, { tenant, mode }) {
  if (select !== document.activeElement) select.value = mode;
  select.disabled = !isAdmin();
  mark(select, "title", MODES[mode]);
  mark(select, "aria-label", `Mode of ${tenant}`);
}

const modes = new Table({
  caption: "Modes", key: ({ tenant }) => tenant, size: 20, sort: ["times", true],
  columns: [
    text("tenant", "Tenant"), { id: "mode", label: "Mode", width: "9rem", by: ({ mode }) => mode, make: makeMode, fill: fillMode },
    number("times", "Let through", "8rem"), number("cost", "Credits", "8rem", credits),
  ],
});

const groups = new Table({
  caption: "By tenant, reason and tool", key: ({ key }) => key, size: 20, sort: ["times", true],
  columns: [text("tenant", "Tenant", "8rem"), text("reason", "Reason", "11rem"), text("tool", "Tool"), number("times", "Times", "6rem"), number("cost", "Credits", "7rem", credits)],
});

const latest = new Table({ caption: "Latest", key: keyOf, open: openEvent, size: 20, columns: eventColumns("Would be") });

function addUp(events, of) {
  const sums = new Map();
  for (const event of events) {
    const { tool, error, cost } = event.data;
    const key = of(event);
    const sum = sums.get(key) ?? { key, tenant: event.tenantId, reason: error ?? event.type, tool, times: 0, cost: 0 };
    sums.set(key, { ...sum, times: sum.times + 1, cost: sum.cost + (cost ?? 0) });
  }
  return sums;
}

function render() {
  const found = lists.shadow.data ?? [];
  const ofTenant = addUp(found, ({ tenantId }) => tenantId);
  const tenants = (lists.tenants.data ?? []).filter(({ tenant }) => !state.tenant || tenant === state.tenant);
  follow(groups, lists.shadow, "Hard mode would have refused nothing.", [...addUp(found, ({ tenantId, type, data }) => [tenantId, data.error ?? type, data.tool].join("\n")).values()]);
  follow(latest, lists.shadow, "Nothing.", found);
  follow(modes, lists.tenants, "No tenants.", tenants.map((tenant) => ({ times: 0, cost: 0, ...ofTenant.get(tenant.tenant), ...tenant })));
}

export const shadow = {
  id: "shadow", title: "Shadow", key: "h", watches: { shadow: render, tenants: render },
  element: h("div", {}, h("div.halves", {}, panel("What hard mode would have refused", groups.element), panel("Modes", modes.element)), panel("Latest", latest.element)),
};
