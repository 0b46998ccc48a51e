// Numbers and times in the browser's locale.
import { told, mark } from "./dom.js";

const numbers = (options) => new Intl.NumberFormat(undefined, options);
const [whole, tenth, exact] = [0, 1, 6].map((maximumFractionDigits) => numbers({ maximumFractionDigits }));
const short = numbers({ notation: "compact", maximumFractionDigits: 1 });
const times = (options) => new Intl.DateTimeFormat(undefined, options);
const second = times({ timeStyle: "medium" });
const minute = times({ timeStyle: "short" });
const exactTime = times({ dateStyle: "medium", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { style: "narrow" });
export const collator = new Intl.Collator(undefined, { numeric: true });

export const NONE = "–";
const known = (format) => (value) => (value === null || value === undefined || value === "" || Number.isNaN(value) ? NONE : format(value));

export const count = known((value) => whole.format(value));
export const credits = known((value) => exact.format(value));
/** At most some five characters. */
export const compact = known((value) => (value < 10_000 ? tenth : short).format(value));
export const bytes = known((value) => `${tenth.format(value / 2 ** 20)} MiB`);

export const duration = known((ms) => (ms < 1000 ? `${(ms < 10 ? tenth : whole).format(ms)} ms` : `${tenth.format(ms / 1000)} s`));

export const brief = known((id) => (id.length > 14 ? `${id.slice(0, 8)}…` : id));

export const clock = known((at) => second.format(new Date(at)));
export const hour = (at) => minute.format(new Date(at));
export const full = (at) => (at ? `${exactTime.format(new Date(at))} (${new Date(at).toISOString()})` : null);

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

function distance(at) {
  const seconds = Math.round((Date.parse(at) - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  // A heartbeat is not from "in 1 s".
  return relative.format(Math.abs(seconds) < 3 && seconds >= 0 ? -0 : Math.trunc(seconds / size), unit);
}

/** Makes the element tell how far away a time is, from now on. */
export function tellDistance(element, at) {
  mark(element, "data-at", at);
  told(element, at ? distance(at) : NONE, full(at));
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-at]")) if (element.offsetParent) tellDistance(element, element.dataset.at);
}, 1000);
