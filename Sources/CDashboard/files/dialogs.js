// Dialogs and short messages.
import { h, find, put } from "./dom.js";
import { Problem } from "./api.js";

export function toast(text, tone = "good") {
  const element = h(`p.toast.${tone}`, {}, text);
  find("toasts").append(element);
  setTimeout(() => element.remove(), 6000);
}

/** A dialog; gone, and the focus back, when it is closed. */
export function dialog(title, ...content) {
  const element = h("dialog", { "aria-label": title, onclose: () => element.remove() },
    h("div.head", {}, h("h2", {}, title), h("button.quiet", { "aria-label": "Close", onclick: () => element.close() }, "✕")), content);
  document.body.append(element);
  element.showModal();
  return element;
}

/** Asks for `fields` (`label`, `hint`, `options`, attributes of the input), then runs `act(values)`: where that fails the dialog stays. */
export function ask({ title, text, fields = [], verb, isGrave, act, done, live }) {
  const inputs = fields.map(input);
  const problem = h("p.problem", { role: "alert" });
  const submit = h(isGrave ? "button.grave" : "button.primary", {}, verb);
  const cancel = h("button", { type: "button", onclick: () => element.close() }, "Cancel");
  const element = dialog(title, h("form", { onsubmit: run }, text && h("p", {}, text),
    fields.map(({ label, hint }, index) => h("label", {}, label, inputs[index], hint && h("small", {}, hint))), problem, h("div.buttons", {}, cancel, submit)));
  // What is grave is not done by a mere Enter.
  (inputs[0] ?? (isGrave ? cancel : submit)).focus();

  async function run(event) {
    event.preventDefault();
    submit.disabled = true;
    try {
      await act(Object.fromEntries(inputs.map(({ name, value }) => [name, value.trim()])));
      element.close();
      if (done) toast(done);
      live?.refresh();
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      put(problem, error.message);
    }
    submit.disabled = false;
  }
}

function input({ label, hint, options, ...attributes }) {
  if (options) return h("select", attributes, options.map((option) => h("option", {}, option)));
  return h("input", { autocomplete: "off", spellcheck: "false", ...(attributes.type && { step: "any", min: 0 }), ...attributes });
}

/** All that is known of something: its members, and the JSON itself. */
export const details = (title, item) => dialog(title,
  h("dl", {}, Object.entries(item).filter(([, value]) => value && typeof value !== "object").map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))])),
  h("pre", { tabindex: 0, "aria-label": "JSON" }, JSON.stringify(item, null, 2)));
