// What every page beside the chat does first.
import { find, findAll, h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { loadWords } from "./words.js";

/** Loads the words and draws the page; what is refused is told in `place`. */
export async function begin(place, draw) {
  await loadWords();
  const root = find(place);
  try {
    await draw(root);
  } catch (error) {
    root.replaceChildren(h("p", { class: "note bad", role: "alert", text: wordsOf(error) }));
  }
  root.removeAttribute("aria-busy");
  for (const each of findAll("[aria-busy]")) each.removeAttribute("aria-busy");
  document.body.dataset.begun = "true";
}
