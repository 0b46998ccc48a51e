// Elements. What a server or an agent has said becomes a text node or an attribute: nothing is parsed as markup.

/** An element: `h("td.number", {title, onclick}, "text", child)`. True sets an attribute, false and null leave it out. */
export const h = (what, attributes, ...children) => make((tag) => document.createElement(tag), what, attributes, children);
export const svg = (what, attributes, ...children) =>
  make((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag), what, attributes, children);

function make(create, what, attributes = {}, children) {
  const [tag, ...classes] = what.split(".");
  const element = create(tag);
  if (classes.length) element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else mark(element, name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(Boolean));
  return element;
}

export const find = (id) => document.getElementById(id);

/** Sets a text where it is another one: what has not changed is neither painted nor read out again. */
export function put(element, text) {
  if (element.textContent !== String(text ?? "")) element.textContent = text ?? "";
}

export function mark(element, name, value) {
  if ((value ?? false) === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export function told(element, text, full) {
  put(element, text);
  mark(element, "title", full);
}

export function show(element, isShown) {
  element.hidden = !isShown;
}

export const badge = (text, tone, title) => h(tone ? `span.badge.${tone}` : "span.badge", { title }, text);

export const panel = (title, ...children) => h("section.panel", { "aria-label": title }, h("h2", {}, title), children);
