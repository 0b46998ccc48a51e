// The live feed: one WebSocket to any node, gone on with where it broke off.
import { get, signals } from "./api.js";

const SHORTEST = 1000;
const LONGEST = 15_000;
const SILENCE = 15_000;
const MISSING = 60_000;
const TOO_SLOW = 4408;
const TOKEN_GONE = 4401;

/** Tells `state`, `back` (it was lost), and `events` (a batch, oldest first). */
export class Feed extends EventTarget {
  /** idle | connecting | live | lost | missing */
  state = "idle";
  node = null;
  /** Unix ms: since when it is lost, and when it tries again. */
  lostAt = 0;
  retryAt = 0;
  #cursor = new Map();
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #batch = [];
  #heardAt = 0;

  constructor() {
    super();
    setInterval(() => this.#checkSilence(), SILENCE / 3);
  }

  start() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    const after = [...this.#cursor].map(([tenant, { epoch, seq }]) => `${tenant}@${epoch}-${seq}`).join(",");
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/events${after && `?after=${encodeURIComponent(after)}`}`);
    this.#socket = socket;
    let isOpen = false;
    socket.onopen = () => (isOpen = true);
    socket.onmessage = ({ data }) => this.#socket === socket && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.#socket === socket && this.#closed(code, isOpen);
    if (!this.lostAt) this.#become("connecting");
  }

  /** Ends it; the place is kept. */
  stop() {
    clearTimeout(this.#timer);
    this.#drop();
    this.lostAt = 0;
    this.#become("idle");
  }

  retry() {
    if (this.lostAt) this.start();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #hear(event) {
    this.#heardAt = Date.now();
    if (event.type === "hello") return this.#greeted(event);
    const place = this.#cursor.get(event.tenantId ?? "_");
    const seq = event.type === "gap" ? event.data.to : event.seq;
    if (seq >= 0) this.#cursor.set(event.tenantId ?? "_", { epoch: event.epoch ?? place?.epoch ?? "", seq });
    if (!this.#batch.length) setTimeout(() => this.#flush(), 50);
    this.#batch.push(event);
  }

  #flush() {
    const batch = this.#batch;
    this.#batch = [];
    this.dispatchEvent(new CustomEvent("events", { detail: batch }));
  }

  #greeted({ node, cursor }) {
    this.node = node;
    // A place that was given stays: the greeting may be ahead of what is to come.
    for (const each of (cursor ?? "").split(",")) {
      const [, tenant, epoch, seq] = each.match(/^(.+)@(.*)-(\d+)$/) ?? [];
      if (tenant && !this.#cursor.has(tenant)) this.#cursor.set(tenant, { epoch, seq: Number(seq) });
    }
    const wasLost = this.lostAt > 0;
    this.lostAt = this.#attempts = 0;
    this.#become("live");
    if (wasLost) this.dispatchEvent(new Event("back"));
  }

  async #closed(code, wasOpen) {
    this.#socket = null;
    if (code === TOKEN_GONE) return signals.dispatchEvent(new Event("expired"));
    this.lostAt ||= Date.now();
    // A refused upgrade looks like a lost line: what the API says tells them apart.
    const problem = wasOpen ? null : await get("events", { last: 1 }).then(() => null, (problem) => problem);
    if (!this.lostAt) return;
    // The node cannot read the place: it begins anew.
    if (problem?.status === 400) this.#cursor.clear();
    const most = Math.min(LONGEST, SHORTEST * 2 ** this.#attempts++);
    const pause = problem?.isMissing ? MISSING : code === TOO_SLOW ? SHORTEST : most * (0.3 + 0.7 * Math.random());
    this.retryAt = Date.now() + pause;
    this.#timer = setTimeout(() => this.start(), pause);
    this.#become(problem?.isMissing ? "missing" : "lost");
  }

  /** A line can die without a word: after a silence the history is asked whether something should have come. */
  async #checkSilence() {
    const socket = this.#socket;
    if (this.state !== "live" || document.hidden || Date.now() - this.#heardAt < SILENCE) return;
    this.#heardAt = Date.now();
    const newest = (await get("events", { last: 1 }).catch(() => null))?.items[0];
    setTimeout(() => {
      if (!newest || this.#socket !== socket || this.#knows(newest)) return;
      this.#drop();
      this.#closed(0, true);
    }, 3000);
  }

  #knows({ tenantId, epoch, seq }) {
    const place = this.#cursor.get(tenantId ?? "_");
    return place && place.epoch === (epoch ?? "") && place.seq >= seq;
  }
}
