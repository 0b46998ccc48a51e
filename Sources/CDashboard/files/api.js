// The admin API, and what keeps a list fresh.

const PATIENCE = 15_000;

/** What went wrong, with HTTP's status (0: no node answers) and the code that programs match. */
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }

  get isMissing() {
    return this.status === 404;
  }
}

/** Tells `expired` (the login is over), `reached` and `unreached` (no node answers). */
export const signals = new EventTarget();
const tell = (name) => signals.dispatchEvent(new Event(name));

/** A path with its parts escaped. */
export const path = (parts, ...values) => parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1]) + part);

export async function call(method, target, body) {
  const response = await send(method, target, body);
  // A balancer without a node behind it answers for itself.
  if (!response || response.status === 502 || response.status === 504) {
    tell("unreached");
    throw new Problem(0, "unreached", "No node answers");
  }
  tell("reached");
  const answer = response.status === 204 ? null : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && target !== "login") tell("expired");
  throw new Problem(response.status, answer.code, answer.detail ?? `HTTP ${response.status}`);
}

const send = (method, target, body) => fetch(`/api/v1/${target}`, {
  method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
  ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
}).catch(() => null);

/** `parameters` without a value are left out. */
export function get(target, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return call("GET", query.size ? `${target}?${query}` : target);
}

/** All items of a list, page by page, at most `most`; `isCut`: there were more. */
export async function all(target, parameters, most = 10_000) {
  const items = [];
  let after = null;
  do {
    const page = await get(target, { ...parameters, limit: 1000, after });
    items.push(...page.items);
    after = page.next;
  } while (after && items.length < most);
  items.isCut = Boolean(after);
  return items;
}

const lives = [];

/** Something that is shown, and asked for again and again while somebody watches it. */
export class Live {
  #load;
  #pause;
  #watchers = new Set();
  #timer = 0;
  #begun = 0;
  #isBusy = false;
  #isOld = false;
  #turn = 0;
  data = null;
  problem = null;

  /** `pause`: milliseconds between two answers; ten times as long where a list is a long one. */
  constructor(load, pause) {
    this.#load = load;
    this.#pause = () => pause * (this.data?.length > 1000 ? 10 : 1);
    lives.push(this);
  }

  /** Calls `render` with this now and at each change; returns what ends it. */
  watch(render) {
    this.#watchers.add(render);
    render(this);
    if (this.#watchers.size === 1) this.refresh();
    return () => {
      this.#watchers.delete(render);
    };
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.#isOld = this.#isBusy;
    if (!this.#watchers.size || this.#isBusy) return;
    this.#isBusy = true;
    this.#begun = Date.now();
    const [load, turn] = [this.#load, this.#turn];
    const [data, problem] = await load().then((data) => [data, null], (problem) => [this.data, problem]);
    if (problem && !(problem instanceof Problem)) console.error(problem);
    this.#isBusy = false;
    // What was asked for before a reset is of something else.
    if (turn !== this.#turn) return this.refresh();
    Object.assign(this, { data, problem });
    this.changed();
    if (document.hidden || problem?.status === 401) return;
    const pause = problem?.isMissing ? 60_000 : problem ? 5000 : this.#pause() / (this.#isOld ? 3 : 1);
    this.#timer = setTimeout(() => this.refresh(), pause * (0.9 + Math.random() / 5));
  }

  /** Something has happened that changes it: asks soon, and not too often. */
  poke(delay) {
    if (this.problem?.isMissing || !this.#watchers.size) return;
    this.#isOld = this.#isBusy;
    if (this.#isBusy) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), Math.max(delay, this.#begun + this.#pause() / 3 - Date.now()));
  }

  reset() {
    this.data = this.problem = null;
    this.#turn += 1;
    this.changed();
    this.refresh();
  }

  /** Shows it again: its data were changed in place. */
  changed() {
    for (const render of [...this.#watchers]) render(this);
  }
}

export const refreshAll = () => lives.forEach((live) => live.refresh());

document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
