// The accounts: what is left, and for how long.
import { h, badge, mark } from "./dom.js";
import { Table, number, text, time } from "./table.js";
import { brief, credits, compact, tellDistance } from "./format.js";
import { call, path } from "./api.js";
import { ask } from "./dialogs.js";
import { actions, listView } from "./parts.js";
import { lists } from "./lists.js";

const pathTo = ({ tenant, account }) => path`tenants/${tenant}/budgets/${account}`;

/** What people call an account. */
export const nameOf = ({ account, kind }) => (kind === "tenant" ? "tenant's cap" : kind === "cap" ? `cap ${brief(account.slice(5))}` : account);

function change(account, verb, field, send) {
  // However often it is sent, it is made once.
  const requestId = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("");
  ask({
    title: `${verb}: ${account.tenant} / ${nameOf(account)}`, verb, fields: [{ ...field, type: "number", required: true }], done: "The account is changed.", live: lists.accounts,
    text: `Now ${credits(account.available)} of ${credits(account.limit)} are available.`,
    act: (values) => send({ [field.name]: Number(values[field.name]), requestId }),
  });
}

const setLimit = (account) => change(account, "Set limit", { name: "limit", label: "New limit, credits", value: account.limit }, (body) => call("PUT", pathTo(account), body));
const topUp = (account) => change(account, "Top up", { name: "amount", label: "Credits to add" }, (body) => call("POST", `${pathTo(account)}/top-up`, body));

const SHARES = ["spent", "held", "delegated"];

function fillBar({ firstChild: bar }, account) {
  const whole = Math.max(account.limit, account.limit + account.over - account.available) || 1;
  SHARES.forEach((share, index) => (bar.children[index].style.width = `${(100 * account[share]) / whole}%`));
  const words = [...SHARES, "available", "over"].map((name) => `${name} ${credits(account[name])}`).join(", ");
  mark(bar, "aria-label", words);
  mark(bar, "title", words);
}

function fillEnd(cell, { rolledBack, available, exhaustedAt }) {
  if (rolledBack) cell.replaceChildren(badge("lost writes", "bad", "refused until it is resumed"));
  else if (available <= 0) cell.replaceChildren(badge("exhausted", "bad"));
  else return tellDistance(cell, exhaustedAt);
  mark(cell, "data-at", null);
}

const table = new Table({
  caption: "Budgets", key: ({ tenant, account }) => `${tenant} ${account}`, sort: ["tenant"],
  columns: [
    text("account", "Account", null, nameOf, ({ account }) => account), text("tenant", "Tenant", "9rem"),
    number("available", "Available", "8rem", credits), number("limit", "Limit", "8rem", credits),
    { id: "use", label: "Use", width: "18%", make: (cell) => cell.append(h("div.bar", { role: "img" }, SHARES.map((share) => h(`i.${share}`)))), fill: fillBar, by: ({ limit, available }) => available / limit },
    number("spent", "Spent", "8rem", credits), number("burnPerHour", "Per hour", "6.5rem", compact),
    { id: "end", label: "Lasts", width: "7.5rem", fill: fillEnd, by: ({ exhaustedAt, available }) => (available <= 0 ? 0 : exhaustedAt && Date.parse(exhaustedAt)) },
    time("window", "Window ends"), actions("11rem", nameOf, { "Top up": topUp, Limit: setLimit }),
  ],
});

export const budgets = listView({
  id: "budgets", title: "Budgets", key: "b", list: "accounts", table, empty: "No account was used yet.",
  beside: SHARES.map((share) => h("span.reading", {}, h(`i.key.${share}`), share)),
});
