// Copying, also where the browser keeps its clipboard for pages over TLS.
import { h } from "./dom.js";

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const before = document.activeElement;
  const place = h("textarea", { class: "visually-hidden", "aria-hidden": "true", tabindex: "-1" });
  place.value = text;
  (before?.closest?.("dialog") ?? document.body).append(place);
  place.select();
  const done = document.execCommand("copy");
  place.remove();
  before?.focus?.();
  return done;
}
