// The page: login, views, keys, and the line to the nodes.
import { h, find, put, show, mark } from "./dom.js";
import { Problem, call, get, refreshAll, signals } from "./api.js";
import { brief, clock, count } from "./format.js";
import { dialog } from "./dialogs.js";
import { feed, isAdmin, lists, state } from "./lists.js";
import { overview } from "./overview.js";
import { sessions } from "./sessions.js";
import { events } from "./events.js";
import { budgets } from "./budgets.js";
import { upstreams } from "./upstreams.js";
import { tokens } from "./tokens.js";
import { shadow } from "./shadow.js";
import { nodes } from "./nodes.js";

const [app, banner, link, login, main, me, nav, tenant, theme] =
  ["app", "banner", "link", "login", "main", "me", "nav", "tenant", "theme"].map(find);
const views = [overview, sessions, events, budgets, upstreams, tokens, shadow, nodes];
let current = null;
let ending = [];

// Views: the address says which one, of which tenant.

main.append(...views.map(({ element }) => element));
nav.append(...views.map(({ id, key, title }) => h("a", { href: `#${id}`, "aria-keyshortcuts": `g ${key}` }, title)));

function enter() {
  const [id, name] = location.hash.slice(1).split("?tenant=");
  const view = views.find((view) => view.id === id) ?? overview;
  if (name) scope(name);
  if (view !== current) change(view);
  keepPlace();
}

function change(view) {
  for (const end of ending) end();
  current = view;
  document.title = `${view.title} · MCP Monitor · SatGate`;
  views.forEach((each, index) => {
    show(each.element, each === view);
    mark(nav.children[index], "aria-current", each === view && "page");
  });
  nav.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  ending = Object.entries(view.watches ?? {}).map(([name, render]) => lists[name].watch(render));
  if (view.enter) ending.push(view.enter());
}

function keepPlace() {
  history.replaceState(null, "", `#${current.id}${state.tenant && `?tenant=${state.tenant}`}`);
}

function scope(name) {
  if (name === state.tenant) return;
  state.tenant = name;
  showTenants();
  for (const list of ["sessions", "upstreams", "activity", "accounts", "tokens", "refusals", "shadow"]) lists[list].reset();
  events.restart();
}

function showTenants() {
  const names = ["", ...new Set([...(lists.tenants.data ?? []).map(({ tenant }) => tenant), state.tenant].filter(Boolean))];
  if (Array.from(tenant.options, ({ value }) => value).join() !== names.join()) {
    tenant.replaceChildren(...names.map((name) => h("option", { value: name }, name || "all tenants")));
  }
  tenant.value = state.tenant;
}

tenant.addEventListener("change", () => {
  scope(tenant.value);
  keepPlace();
});
addEventListener("hashchange", () => state.me && enter());

// Login

async function signedIn() {
  const isFirst = !state.me;
  state.me = await get("me");
  localStorage.setItem("login", state.me.name);
  put(me, `${state.me.name}${isAdmin() ? "" : ", may only read"}`);
  mark(me, "title", `satgate ${state.me.version}`);
  show(login, false);
  show(app, true);
  if (isFirst) lists.tenants.watch(showTenants);
  feed.start();
  enter();
  refreshAll();
}

/** What was looked at stays behind the login. */
function signedOut(why) {
  if (!login.hidden) return;
  for (const element of document.querySelectorAll("dialog")) element.close();
  feed.stop();
  localStorage.removeItem("login");
  put(find("login-why"), why);
  show(app, false);
  show(login, true);
  find("login-token").focus();
}

find("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = find("login-token");
  try {
    await call("POST", "login", { token: field.value.trim() });
    await signedIn();
    field.value = "";
    put(find("login-error"), "");
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    put(find("login-error"), problem.status === 401 ? "This is no admin token." : problem.message);
    field.select();
  }
});

find("logout").addEventListener("click", async () => {
  await call("POST", "logout", {}).catch(() => {});
  signedOut("You have signed out.");
});

signals.addEventListener("expired", () => signedOut("The login is over. Sign in to go on where you were."));

// The line to the nodes

let unreachedAt = 0;

signals.addEventListener("unreached", () => {
  unreachedAt ||= Date.now();
});
signals.addEventListener("reached", () => {
  if (!unreachedAt) return;
  unreachedAt = 0;
  feed.retry();
  refreshAll();
});
feed.addEventListener("state", showLine);
feed.addEventListener("back", refreshAll);

const LINE = { live: ["good", "Live"], connecting: ["", "Connecting"], lost: ["bad", "Lost"], missing: ["warn", "No live feed"], idle: [""] };

function showLine() {
  const [tone, label] = LINE[feed.state];
  const isLive = feed.state === "live";
  link.className = `pill ${tone}`;
  put(link, isLive ? `${label} · ${brief(feed.node)}` : label);
  mark(link, "title", isLive && `events come from node ${feed.node}`);
  const since = unreachedAt || (feed.state === "lost" && feed.lostAt);
  show(banner, state.me && login.hidden && since);
  if (banner.hidden) return;
  const [text, timing] = banner.children;
  put(text, `Connection lost at ${clock(since)}. What you see is from before.`);
  const seconds = Math.ceil((feed.retryAt - Date.now()) / 1000);
  put(timing, `${count((Date.now() - since) / 1000)} s; trying again ${seconds > 0 ? `in ${count(seconds)} s` : "now"}`);
}

setInterval(showLine, 1000);

find("retry").addEventListener("click", () => {
  feed.retry();
  refreshAll();
});

// Theme

const THEMES = ["auto", "light", "dark"];

function setTheme(name) {
  mark(document.documentElement, "data-theme", name);
  put(theme, name);
  mark(theme, "aria-label", `Theme: ${name}`);
  localStorage.setItem("theme", name);
}

const nextTheme = () => setTheme(THEMES[(THEMES.indexOf(localStorage.getItem("theme")) + 1) % THEMES.length]);

theme.addEventListener("click", nextTheme);
setTheme(localStorage.getItem("theme") ?? "auto");

// Keys

const HELP = [["/", "go to the filter"], ["p", "pause the feed"], ...views.map(({ key, title }) => [`g ${key}`, title]),
  ["↑ ↓ Enter", "walk a list, open what is there"], ["d", "light or dark"], ["Esc Enter", "leave the filter"], ["?", "this help"]];

const help = () => dialog("Keyboard shortcuts",
  h("dl.keys", {}, HELP.map(([keys, what]) => [h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, what)])));

find("help").addEventListener("click", help);
find("skip").addEventListener("click", () => main.focus());

const KEYS = { "/": () => current.filter?.focus(), p: () => current === events && events.togglePause(), d: nextTheme, "?": help, g: () => (goesUntil = Date.now() + 1500) };
let goesUntil = 0;

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (/^E(scape|nter)$/.test(key) && target === current?.filter) target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || app.hidden || target.closest("input, select, textarea, dialog")) return;
  const view = goesUntil > Date.now() && views.find((view) => view.key === key);
  goesUntil = 0;
  if (view) (location.hash = view.id), enter();
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});

// A cookie from before may still be good.
if (localStorage.getItem("login")) signedIn().catch((problem) => problem.status === 401 || signedOut(problem.message));
else signedOut("Sign in with an admin token of this SatGate.");
