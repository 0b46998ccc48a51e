// Charts of an hour, one point a minute, in SVG.
import { h, svg, put, mark } from "./dom.js";
import { hour } from "./format.js";

const [TOP, RIGHT, BOTTOM, LEFT] = [8, 8, 20, 56];

/** Steps of an axis from 0 that has room for `most`. */
function ticks(most) {
  const rough = (most || 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999) * power;
  return Array.from({ length: Math.ceil((most || 1) / step) + 1 }, (_, index) => index * step);
}

/** `series` of `[id, label, of(minute)]`, as stacked bars or as lines; `format` for axis and readings. */
export class Chart {
  #series;
  #isStacked;
  #format;
  #minutes = [];
  #at = null;

  constructor({ title, series, isStacked, format }) {
    this.#series = series;
    this.#isStacked = isStacked;
    this.#format = format;
    this.title = title;
    this.when = h("span.dim");
    this.readings = series.map(([id, label]) => h("span.reading", {}, h(`i.key.${id}`), label, h("b")));
    this.plot = svg("svg", {
      role: "img", tabindex: 0, onpointermove: (event) => this.#pointed(event), onpointerleave: () => this.#look(null),
      onblur: () => this.#look(null), onkeydown: (event) => this.#pressed(event),
    });
    this.element = h("section.panel.chart", { "aria-label": title },
      h("div.legend", {}, h("h2", {}, title), this.when), h("div.legend", {}, this.readings), this.plot);
    new ResizeObserver(() => this.#draw()).observe(this.plot);
  }

  show(minutes) {
    this.#minutes = minutes;
    this.#draw();
  }

  #pressed(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const { length } = this.#minutes;
    if (!by || !length) return;
    event.preventDefault();
    this.#look(Math.max(0, Math.min(length - 1, (this.#at ?? length) + by)));
  }

  #pointed({ offsetX }) {
    const index = Math.floor(((offsetX - LEFT) / (this.width - LEFT - RIGHT)) * this.#minutes.length);
    this.#look(this.#minutes[index] ? index : null);
  }

  // Reads the minute looked at, else the whole hour: the sum of what is stacked, the last value of a line.
  #look(index) {
    this.#at = index;
    const minute = this.#minutes[index];
    put(this.when, minute ? hour(minute.at) : this.#isStacked ? "the last hour" : "now");
    this.#series.forEach(([, , of], each) => {
      const values = minute ? [of(minute)] : this.#minutes.map(of).filter((value) => value !== null);
      const value = this.#isStacked ? values.reduce((sum, next) => sum + next, 0) : values.at(-1);
      put(this.readings[each].lastChild, this.#format(value));
    });
    mark(this.cross, "transform", `translate(${minute ? this.#x(index + 0.5) : -9})`);
  }

  #x(index) {
    return LEFT + (index / this.#minutes.length) * (this.width - LEFT - RIGHT);
  }

  #draw() {
    [this.width, this.height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (!this.width) return;
    const values = this.#minutes.map((minute) => this.#series.map(([, , of]) => of(minute) ?? 0));
    const most = Math.max(0, ...values.map((each) => (this.#isStacked ? each.reduce((sum, next) => sum + next, 0) : Math.max(...each))));
    const steps = ticks(most);
    const y = (value) => this.height - BOTTOM - (value / steps.at(-1)) * (this.height - TOP - BOTTOM);
    mark(this.plot, "viewBox", `0 0 ${this.width} ${this.height}`);
    mark(this.plot, "aria-label", `${this.title}, at most ${this.#format(most)} a minute; arrow keys read each minute`);
    this.cross = svg("line.cross", { y1: TOP, y2: this.height - BOTTOM });
    const shape = this.#isStacked ? this.#bar : this.#line;
    this.plot.replaceChildren(...this.#axes(steps, y),
      ...this.#series.map(([id], layer) => svg(`path.${id}`, { d: shape.call(this, layer, values, y), "data-kind": this.#isStacked ? "bar" : "line" })), this.cross);
    this.#look(this.#at);
  }

  #axes(steps, y) {
    const every = this.width < 420 ? 20 : 10;
    const label = (x, y, anchor, text) => svg("text", { x, y, "text-anchor": anchor }, text);
    return [
      ...steps.flatMap((step) => [
        svg("line.grid", { x1: LEFT, x2: this.width - RIGHT, y1: y(step), y2: y(step) }), label(LEFT - 6, y(step) + 4, "end", this.#format(step))]),
      ...this.#minutes.map(({ at }, index) => {
        const x = this.#x(index + 0.5);
        const hasRoom = x > LEFT + 16 && x < this.width - RIGHT - 24;
        return hasRoom && new Date(at).getMinutes() % every === 0 ? label(x, this.height - 4, "middle", hour(at)) : "";
      })];
  }

  #bar(layer, values, y) {
    const width = Math.max(1, this.#x(1) - this.#x(0) - 1).toFixed(1);
    return values.map((each, index) => {
      if (!each[layer]) return "";
      const base = y(each.slice(0, layer).reduce((sum, next) => sum + next, 0));
      // What has happened is seen, however small beside the rest.
      const height = Math.max(1.5, y(0) - y(each[layer])).toFixed(1);
      return `M${this.#x(index).toFixed(1)} ${base.toFixed(1)}h${width}v-${height}h-${width}z`;
    }).join("");
  }

  #line(layer, values, y) {
    const [, , of] = this.#series[layer];
    const isKnown = this.#minutes.map((minute) => of(minute) !== null);
    // A lone minute is a dot: a line of no length with round ends.
    return values.map((each, index) => isKnown[index]
      ? `${isKnown[index - 1] ? "L" : "M"}${this.#x(index + 0.5).toFixed(1)} ${y(each[layer]).toFixed(1)}${isKnown[index - 1] ? "" : "h0"}` : "").join("");
  }
}
