// Tables that are sorted, cut into pages and kept fresh without losing their place.
import { h, put, told, mark, show } from "./dom.js";
import { collator, count, tellDistance, NONE } from "./format.js";

/** A column of texts: the member `id`, or what `of(item)` says; `full(item)` under the pointer. */
export const text = (id, label, width, of = (item) => item[id], full = of) =>
  ({ id, label, width, by: of, fill: (cell, item) => told(cell, of(item) ?? NONE, full(item)) });

export const number = (id, label, width, format = count) =>
  ({ ...text(id, label, width, (item) => item[id]), tag: "td.number", fill: (cell, item) => told(cell, format(item[id]), item[id]) });

export const time = (id, label) =>
  ({ id, label, width: "6.8rem", by: (item) => item[id] && Date.parse(item[id]), fill: (cell, item) => tellDistance(cell, item[id]) });

export const custom = (id, label, width, fill, by) => ({ id, label, width, by, fill: (cell, item) => cell.replaceChildren(...fill(item)) });

export class Table {
  #columns;
  #key;
  #open;
  #size;
  #sort;
  #items = [];
  #rows = new Map();
  #page = 0;
  #active = null;
  #heads = new Map();

  /** `open(item)`: for Enter or a click on a row; `sort`: `[id, isDown]`, none keeps the order given for good. */
  constructor({ caption, columns, key, open, size = 100, sort }) {
    this.#columns = columns;
    this.#key = key;
    this.#open = open;
    this.#size = size;
    this.#sort = sort;
    this.body = h("tbody");
    this.note = h("p.empty");
    const turn = (by, label, sign) => h("button", { "aria-label": label, onclick: () => this.#turn(by) }, sign);
    this.pager = h("div.pager", {}, turn(-1, "Previous page", "‹"), h("span"), turn(1, "Next page", "›"));
    const columnsOf = columns.map(({ width }) => {
      const col = h("col");
      if (width) col.style.width = width;
      return col;
    });
    this.element = h("div.table", {},
      h(open ? "table.opens" : "table", { "aria-label": caption }, h("colgroup", {}, columnsOf),
        h("thead", {}, h("tr", {}, columns.map((column) => this.#head(column)))), this.body), this.note, this.pager);
    if (!open) return;
    this.body.addEventListener("click", ({ target }) => target.closest("button, select") || this.#opened(target));
    this.body.addEventListener("keydown", (event) => this.#pressed(event));
  }

  show(items) {
    this.#items = items;
    this.#render();
  }

  #head({ id, label, by, tag }) {
    const sort = this.#sort && by && h("button.sort", { onclick: () => this.#sortBy(id, tag) }, label);
    const head = h(tag === "td.number" ? "th.number" : "th", { scope: "col" }, sort || label);
    this.#heads.set(id, head);
    return head;
  }

  #sortBy(id, tag) {
    this.#sort = [id, this.#sort[0] === id ? !this.#sort[1] : Boolean(tag)];
    this.#render();
  }

  #sorted() {
    if (!this.#sort) return this.#items;
    const [id, isDown] = this.#sort;
    for (const [each, head] of this.#heads) mark(head, "aria-sort", each === id && (isDown ? "descending" : "ascending"));
    const { by } = this.#columns.find((column) => column.id === id);
    // What is not known stands last either way.
    return this.#items.map((item) => [by(item) ?? null, item]).sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return (isDown ? -1 : 1) * (typeof a === "number" ? a - b : collator.compare(a, b));
    }).map(([, item]) => item);
  }

  #render() {
    const total = this.#items.length;
    this.#page = Math.max(0, Math.min(this.#page, Math.ceil(total / this.#size) - 1));
    const first = this.#page * this.#size;
    const shown = new Map(this.#sorted().slice(first, first + this.#size).map((item) => [this.#key(item), item]));
    for (const [key, { element }] of this.#rows) if (!shown.has(key)) this.#rows.delete(key), element.remove();
    let before = this.body.firstChild;
    for (const [key, item] of shown) {
      const row = this.#rows.get(key) ?? this.#row(key);
      row.item = item;
      this.#columns.forEach((column, index) => column.fill(row.element.children[index], item));
      if (row.element === before) before = before.nextSibling;
      else this.body.insertBefore(row.element, before);
    }
    if (this.#open) this.#stop(shown.has(this.#active) ? this.#active : shown.keys().next().value);
    const [back, text, on] = this.pager.children;
    show(this.pager, total > this.#size);
    put(text, `${count(first + 1)} to ${count(first + shown.size)} of ${count(total)}`);
    back.disabled = !first;
    on.disabled = first + shown.size >= total;
  }

  #turn(by) {
    this.#page += by;
    this.#render();
  }

  #row(key) {
    const row = { key, element: h("tr") };
    row.element.append(...this.#columns.map(({ tag, label, make }) => {
      const cell = h(tag ?? "td", { "data-label": label });
      make?.(cell, () => row.item);
      return cell;
    }));
    this.#rows.set(key, row);
    return row;
  }

  // One row is in the tab order; arrows move to the others.
  #stop(active) {
    this.#active = active;
    for (const [key, { element }] of this.#rows) element.tabIndex = key === active ? 0 : -1;
  }

  #rowOf(target) {
    const element = target.closest("tr");
    return [...this.#rows.values()].find((row) => row.element === element);
  }

  #opened(target) {
    const { key, element, item } = this.#rowOf(target);
    this.#stop(key);
    element.focus();
    this.#open(item);
  }

  #pressed(event) {
    const { target, key } = event;
    if (!target.matches("tr")) return;
    const to = { ArrowDown: target.nextSibling, ArrowUp: target.previousSibling }[key];
    if (key === "Enter") this.#opened(target);
    else if (to) this.#stop(this.#rowOf(to).key), to.focus();
    else return;
    event.preventDefault();
  }
}
