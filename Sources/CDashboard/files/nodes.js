// The nodes of the cluster.
import { h, badge } from "./dom.js";
import { Table, custom, number, text, time } from "./table.js";
import { bytes, brief } from "./format.js";
import { listView } from "./parts.js";
import { feed } from "./lists.js";

export const nodesTable = (caption) => new Table({
  caption, key: ({ node }) => node, sort: ["host"],
  columns: [
    custom("node", "Node", "11rem", ({ node }) =>
      [h("code", { title: node }, brief(node)), node === feed.node ? badge("feed", "info", "the live feed comes from here") : ""], ({ node }) => node),
    text("host", "Host"), text("version", "Version", "7rem"), time("startedAt", "Started"), time("lastSeen", "Last seen"),
    number("streams", "Streams", "6rem"), number("calls", "In flight", "6rem"), number("rssBytes", "Memory", "7rem", bytes),
  ],
});

export const nodes = listView({ id: "nodes", title: "Nodes", key: "n", list: "nodes", table: nodesTable("Nodes"), empty: "No nodes." });
