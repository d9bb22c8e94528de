// Questions in a window: what is chosen comes back, and so does the focus, which the browser gives back on closing.
import { h } from "./dom.js";
import { say } from "./words.js";

/** Shows elements in a modal window. Returns   a promise of what `close` was told, null where it was dismissed */
export function show(title, build) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title", text: title });
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" });
    const close = (value) => {
      dialog.returned = value;
      dialog.close();
    };
    dialog.append(h("form", { class: "dialog", method: "dialog" }, heading, ...build(close)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returned ?? null);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && close(null));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks yes or no. danger: what "yes" does cannot be taken back */
export async function confirm(title, text, yes, { danger = false } = {}) {
  const build = (close) => [
    h("p", { text }),
    h("div", { class: "row" }, dismissal(close), h("button", { type: "button", class: danger ? "button danger" : "button main", text: yes, on: { click: () => close(true) } })),
  ];
  return (await show(title, build)) === true;
}

/** Asks for one line of text; null where it was dismissed. */
export function prompt(title, label, value, yes) {
  return show(title, (close) => {
    const input = h("input", { id: "dialog-text", maxlength: "200", dir: "auto", autocomplete: "off", autofocus: true });
    input.value = value;
    const done = (event) => {
      event.preventDefault();
      close(input.value.trim() || null);
    };
    queueMicrotask(() => input.form.addEventListener("submit", done));
    return [
      h("div", { class: "field" }, h("label", { for: "dialog-text", text: label }), input),
      h("div", { class: "row" }, dismissal(close), h("button", { type: "submit", class: "button main", text: yes })),
    ];
  });
}

export function dismissal(close, text = say("dialog.cancel")) {
  return h("button", { type: "button", class: "button", text, on: { click: () => close(null) } });
}
