// The tool servers, and how they stand.
import { h, badge } from "./dom.js";
import { Table, custom, number, text, time } from "./table.js";
import { duration } from "./format.js";
import { call, path } from "./api.js";
import { ask, details } from "./dialogs.js";
import { actions, listView } from "./parts.js";
import { lists } from "./lists.js";

const approve = ({ tenant, upstream, changedTools }) => ask({
  title: `Approve the tools of ${upstream}?`, verb: "Approve", isGrave: true, done: "The tools are approved.", live: lists.upstreams,
  text: `Defined otherwise than was approved: ${changedTools.join(", ")}. From now on they count as they are.`,
  act: () => call("POST", path`tenants/${tenant}/upstreams/${upstream}/approve`),
});

const standing = ({ standing, reason, isWithdrawn }) => [
  badge(standing, standing === "up" ? "good" : "bad"), isWithdrawn ? badge("withdrawn", "warn", "its tools have left the list") : "", h("span", { title: reason }, reason ?? "")];

const table = new Table({
  caption: "Upstreams", key: ({ tenant, upstream }) => `${tenant} ${upstream}`, sort: ["standing"], open: (one) => details(`${one.tenant} / ${one.upstream}`, one),
  columns: [
    text("upstream", "Upstream", "10rem"), text("tenant", "Tenant", "8rem"), custom("standing", "Standing", null, standing, (one) => one.standing), time("since", "Since"),
    number("latencyMs", "Latency", "6rem", duration), number("tools", "Tools", "5rem"),
    text("transport", "Transport", "9.5rem"), text("revision", "Revision", "7.5rem"), text("server", "Server", "10rem"),
    number("changed", "Changed", "6rem"), actions("6.5rem", ({ upstream }) => upstream, { Approve: approve }, ({ changed }) => changed),
  ],
});

export const upstreams = listView({
  id: "upstreams", title: "Upstreams", key: "u", list: "upstreams", table, empty: "No tenant has an upstream.",
  arrange: (items) => items.map((one) => ({ ...one, changed: one.changedTools?.length ?? 0 })),
});
