// The head of the page: what is open, and who answers.
import { find, h } from "../page/dom.js";
import { say } from "../page/words.js";

const TITLE = 60; // characters of a first message that stand for a title

/** question: the first one that is shown, if there is any */
export function drawHead(desk, question) {
  const { talk, mode } = desk;
  const first = question?.text.slice(0, TITLE);
  const title = talk || first ? talk?.title || first || say("talk.untitled") : say("talk.new");
  find("#title").textContent = title;
  document.title = talk ? `${title} · rantau` : "rantau";
  const model = mode === "single" ? desk.model(talk?.model || desk.draft.model)?.title : null;
  find("#kicker").replaceChildren(...[say(`modes.${mode}`), model].filter(Boolean).map((text) => h("span", { text })));
  find("#talk-menu").hidden = !talk;
}
