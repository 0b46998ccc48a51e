// Tokens that were seen, as the tree of who was made from whom.
import { h, mark, put, show } from "./dom.js";
import { Table, number, text, time } from "./table.js";
import { brief, credits, full } from "./format.js";
import { call, path } from "./api.js";
import { ask, dialog, toast } from "./dialogs.js";
import { actions, listView } from "./parts.js";
import { isAdmin, lists, state } from "./lists.js";

const nameOf = ({ label, token }) => label ?? brief(token);
const keyOf = ({ tenant, token }) => `${tenant} ${token}`;
const folded = new Set();

/** The tokens in the order of the tree, each with its depth, its children, and what they all have spent. */
function tree(tokens) {
  const known = new Map(tokens.map((token) => [keyOf(token), { ...token, children: [] }]));
  const roots = [];
  for (const node of known.values()) {
    // Below its nearest ancestor that was seen itself.
    const parent = (node.parents ?? []).map((token) => known.get(keyOf({ ...node, token }))).find((each) => each && each !== node);
    (parent?.children ?? roots).push(node);
  }
  const add = (node) => (node.total = node.children.reduce((sum, child) => sum + add(child), node.credits ?? 0));
  roots.forEach(add);
  const inOrder = (nodes, depth) => nodes.sort((a, b) => b.total - a.total)
    .flatMap((node) => [Object.assign(node, { depth }), ...(folded.has(keyOf(node)) ? [] : inOrder(node.children, depth + 1))]);
  return inOrder(roots, 0);
}

function fold(node) {
  if (!folded.delete(keyOf(node))) folded.add(keyOf(node));
  lists.tokens.changed();
}

function fillName({ children: [button, name], style }, node) {
  style.setProperty("--depth", Math.min(node.depth, 8));
  show(button, node.children.length);
  mark(button, "aria-expanded", String(!folded.has(keyOf(node))));
  mark(button, "aria-label", `made from ${nameOf(node)}: ${node.children.length}`);
  // Who narrows a token cannot give it another label.
  put(name, node.depth ? `${nameOf(node)} · ${brief(node.token)}` : nameOf(node));
  mark(name, "title", node.token);
}

const revoke = ({ tenant, token, label }) => ask({
  title: `Revoke ${nameOf({ label, token })}?`, verb: "Revoke", isGrave: true, done: "The token is revoked.", live: lists.tokens,
  text: `Token ${token} of ${tenant}, and all made from it, are refused from now on, for good.`,
  act: () => call("POST", path`tenants/${tenant}/revocations`, { tokenId: token }),
});

const table = new Table({
  caption: "Tokens", key: keyOf,
  columns: [
    { label: "Token", tag: "td.tree", make: (cell, current) => cell.append(h("button.fold", { onclick: () => fold(current()) }), h("span")), fill: fillName },
    text("tenant", "Tenant", "8rem"), text("budget", "Budget", "10rem"), number("calls", "Calls", "6rem"), number("credits", "Spent", "7rem", credits),
    number("total", "With children", "8rem", credits), time("lastSeen", "Last seen"), time("expiresAt", "Expires"),
    actions("6rem", nameOf, { Revoke: revoke }),
  ],
});

const FIELDS = [
  { name: "label", label: "Label" }, { name: "budget", label: "Budget", hint: "none: the tenant's default" },
  { name: "limit", label: "Limit, credits", type: "number", hint: "none: the budget's" },
  { name: "scopes", label: "Scopes", hint: "tools, separated by commas; none: all" }, { name: "hours", label: "Good for, hours", type: "number", value: 24, required: true }];

function mint() {
  const options = (lists.tenants.data ?? []).map(({ tenant }) => tenant);
  ask({
    title: "Mint a token", verb: "Mint", fields: [{ name: "tenant", label: "Tenant", options, value: state.tenant || options[0] }, ...FIELDS],
    act: async ({ tenant, label, budget, limit, scopes, hours }) => {
      const body = { label, budget, limit: limit && Number(limit), scopes: scopes && scopes.split(/[\s,]+/), expiresIn: Math.round(hours * 3600) };
      showToken(await call("POST", path`tenants/${tenant}/tokens`, Object.fromEntries(Object.entries(body).filter(([, value]) => value))));
    },
  });
}

function showToken({ token, expiresAt }) {
  const field = h("textarea", { readonly: true, rows: 6, "aria-label": "The token" }, token);
  const copy = async () => {
    field.select();
    await navigator.clipboard?.writeText(token).then(() => toast("Copied."), () => toast("Copy it by hand.", "warn"));
  };
  dialog("The new token", h("p", {}, `It is shown only now, and kept nowhere. It expires ${full(expiresAt)}.`), field,
    h("div.buttons", {}, h("button.primary", { onclick: copy }, "Copy")));
  field.select();
}

const add = h("button.primary", { onclick: mint }, "Mint a token");

export const tokens = listView({
  id: "tokens", title: "Tokens", key: "t", list: "tokens", table, empty: "No token was seen yet.", beside: add,
  arrange: (items) => {
    show(add, isAdmin());
    return tree(items);
  },
});
