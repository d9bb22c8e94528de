// A talk that somebody shows: read only, as it was when the link was made.
import { ask } from "./page/api.js";
import { begin } from "./page/begin.js";
import { find, h, told } from "./page/dom.js";
import { copy } from "./page/clipboard.js";
import { toast } from "./page/toast.js";
import { day, say } from "./page/words.js";
import { Rendering } from "./markdown/rendering.js";
import { turnsOf } from "./chat/tree.js";

begin("#conversation", async (root) => {
  const shown = await ask("GET", `${location.pathname}?format=json`);
  find("#kicker").textContent = say(`modes.${shown.mode}`);
  find("#title").textContent = shown.title || say("talk.untitled");
  document.title = `${shown.title} · rantau`;
  find("#about").textContent = say("share.as_it_was", { day: day(shown.created) });
  document.body.classList.toggle("wide", shown.mode !== "single");
  root.replaceChildren(...turnsOf(shown.messages).map((turn) => turnOf(turn, shown)));
  root.addEventListener("click", copyCode);
});

function turnOf({ question, answers }, shown) {
  const asked = h("section", { class: "question said-by" }, h("h2", { class: "who", text: say("share.asker") }), h("div", { class: "matter" }, h("p", { class: "asked", dir: "auto", text: question.text })));
  const views = answers.map((answer) => answerOf(answer.shown, shown));
  return h("article", { class: "turn" }, asked, shown.mode === "single" ? views : h("div", { class: "pair" }, views));
}

function answerOf(message, shown) {
  const model = (shown.models ?? []).find((each) => each.name === message.model);
  const said = h("div", { class: "said", dir: "auto" });
  if (model?.kind === "adapted") said.lang = told("answers");
  new Rendering(said, { copy: say("answer.copy_code") }).reset(message.text, { done: true });
  const who = h("h2", { class: "who" }, h("span", { class: `dot ${model?.kind ?? ""}` }), h("bdi", { text: model?.title ?? (message.model || message.side.toUpperCase()) }));
  return h("section", { class: `answer said-by ${model?.kind ?? ""}` }, who, h("div", { class: "matter" }, said));
}

async function copyCode(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  toast(say((await copy(button.closest(".code").querySelector("pre").textContent)) ? "answer.copied" : "answer.not_copied"));
}
