// What the views share: who is signed in, which tenant is looked at, the lists, and the feed.
import { Live, all, get, path } from "./api.js";
import { Feed } from "./feed.js";

const MOST_TENANTS = 50;

/** Who is signed in; the tenant that is looked at, "" for all; the gaps of the feed. */
export const state = { me: null, tenant: "", gaps: [] };

export const isAdmin = () => state.me?.role === "admin";

export const feed = new Feed();

const chosen = () => ({ tenant: state.tenant });
const long = (name) => () => all(name, chosen());

/** A list that each tenant has of its own, some at a time; `isCut`: there are more tenants than that. */
const ofEachTenant = (name) => async () => {
  const names = state.tenant ? [state.tenant] : (await all("tenants")).map(({ tenant }) => tenant);
  const queue = names.slice(0, MOST_TENANTS);
  const found = [];
  const work = async () => {
    for (let tenant = queue.shift(); tenant; tenant = queue.shift()) {
      try {
        found.push(...(await all(path`tenants/${tenant}/` + name, {}, 3000)).map((item) => ({ ...item, tenant })));
      } catch (problem) {
        // One of several may be gone meanwhile.
        if (!problem.isMissing || names.length === 1) throw problem;
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  found.isCut = names.length > MOST_TENANTS;
  return found;
};

export const history = async (parameters) =>
  newestFirst((await get("events", { ...chosen(), limit: parameters.last, ...parameters })).items);

export const newestFirst = (events) => events.sort((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp) || b.seq - a.seq);

export const REFUSALS = ["budget_exhausted", "insufficient_budget", "budget_error", "rate_limited", "auth_failure"];

export const lists = {
  tenants: new Live(() => all("tenants"), 15_000),
  nodes: new Live(() => all("nodes"), 3000),
  sessions: new Live(long("sessions"), 5000),
  upstreams: new Live(long("upstreams"), 5000),
  activity: new Live(async () => (await get("activity", { ...chosen(), minutes: 60 })).minutes, 5000),
  accounts: new Live(ofEachTenant("budgets"), 10_000),
  tokens: new Live(ofEachTenant("tokens"), 10_000),
  refusals: new Live(() => history({ type: REFUSALS.join(), last: 100 }), 60_000),
  shadow: new Live(() => history({ enforced: "false", last: 1000 }), 60_000),
};

/** What events make old; tallies a second later. */
const NEWS = {
  sessions: [/^(session_[^k]|tool_call|budget_spend|token_revoked)/, 1200],
  upstreams: [/^(upstream_|tools_|tenant_)/, 300],
  tenants: [/^tenant_/, 300],
  accounts: [/^(budget_set|window_|delegation|ledger_|hold_|tenant_)/, 300],
  tokens: [/^(token_|tool_call|budget_spend|delegation)/, 1200],
  activity: [/^(tool_call|budget_|insufficient|rate_|auth_)/, 1200],
};

export const isOfTenant = (event) => !state.tenant || event.tenantId === state.tenant;

export const keyOf = ({ tenantId, epoch, seq, timestamp, type }) => `${tenantId} ${epoch} ${seq ?? timestamp + type}`;

feed.addEventListener("events", ({ detail: batch }) => {
  const types = [...new Set(batch.map(({ type }) => type))];
  for (const [name, [pattern, delay]] of Object.entries(NEWS)) if (types.some((type) => pattern.test(type))) lists[name].poke(delay);
  state.gaps = [...batch.filter(({ type }) => type === "gap"), ...state.gaps].slice(0, 20);
  keep(lists.refusals, batch.filter((event) => isOfTenant(event) && REFUSALS.includes(event.type)));
  keep(lists.shadow, batch.filter((event) => isOfTenant(event) && event.data?.enforced === false));
  book(batch);
});

/** `newer` before `older`, each event once. */
export function merged(newer, older, most) {
  const known = new Set(newer.map(keyOf));
  return newestFirst([...newer, ...older.filter((event) => !known.has(keyOf(event)))]).slice(0, most);
}

function keep(live, events) {
  if (!live.data || !events.length) return;
  live.data = merged(events, live.data, 1000);
  live.changed();
}

// Events that move money carry the balances after it.
function book(batch) {
  const known = new Map(lists.accounts.data?.map((account) => [`${account.tenant} ${account.account}`, account]));
  const balances = batch.flatMap(({ tenantId, data }) => (data?.accounts ?? []).map((balance) => [known.get(`${tenantId} ${balance.account}`), balance]));
  for (const [account, { window, ...balance }] of balances) {
    if (!account) lists.accounts.poke(300);
    else if (account.epoch !== balance.epoch || account.version < balance.version) Object.assign(account, balance);
  }
  if (balances.length) lists.accounts.changed();
}
