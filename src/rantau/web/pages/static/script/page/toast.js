// A word at the foot of the page that goes by itself.
import { find, h } from "./dom.js";

let timer;

/** action: {text, run}, such as undo */
export function toast(text, { action = null, ms = 4000 } = {}) {
  const place = find("#toasts");
  const shown = h("div", { class: "toast" }, h("span", { text }));
  if (action) {
    const run = () => {
      place.replaceChildren();
      action.run();
    };
    shown.append(h("button", { type: "button", text: action.text, on: { click: run } }));
  }
  clearTimeout(timer);
  place.replaceChildren(shown);
  timer = setTimeout(() => place.replaceChildren(), ms);
}
