// The agents that are there.
import { Table, number, text, time } from "./table.js";
import { brief, credits } from "./format.js";
import { call, path } from "./api.js";
import { ask, details } from "./dialogs.js";
import { actions, listView } from "./parts.js";
import { lists } from "./lists.js";

const nameOf = ({ agent }) => agent ?? "unnamed agent";
const withVersion = ({ agent, agentVersion }) => [agent, agentVersion].filter(Boolean).join(" ");

const close = (one) => ask({
  title: `Close the session of ${nameOf(one)}?`, verb: "Close session", isGrave: true, done: "The session is closed.", live: lists.sessions,
  text: `Tenant ${one.tenant}, session ${one.session}. Its streams end; with its token the agent may open another one.`,
  act: () => call("DELETE", path`tenants/${one.tenant}/sessions/${one.session}`),
});

const table = new Table({
  caption: "Sessions", key: ({ tenant, session }) => `${tenant} ${session}`, sort: ["lastSeen", true], open: (one) => details(nameOf(one), one),
  columns: [
    text("agent", "Agent", null, nameOf, withVersion), text("tenant", "Tenant", "8rem"),
    text("label", "Token", "10rem", ({ label, token }) => label ?? brief(token), ({ token }) => token),
    text("era", "Era", "7.5rem", ({ era }) => era, ({ transport }) => transport),
    text("node", "Node", "7.5rem", ({ node }) => brief(node), ({ node }) => node),
    time("openedAt", "Opened"), time("lastSeen", "Last seen"), number("calls", "Calls", "6rem"), number("credits", "Credits", "7rem", credits),
    actions("5.5rem", nameOf, { Close: close }),
  ],
});

export const sessions = listView({ id: "sessions", title: "Sessions", key: "s", list: "sessions", table, empty: "No agent is connected." });
