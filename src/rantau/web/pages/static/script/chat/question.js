// What a person asked: its text, and changing it, which begins a branch.
import { h, iconButton, redraw } from "../page/dom.js";
import { say } from "../page/words.js";
import { versionsOf } from "./actions.js";
import { dropNotice } from "./notice.js";

const LONG = 400; // characters from which on a question is set like a text

export class QuestionView {
  #desk;
  #message = null;
  #drawn = "";

  constructor(desk, message) {
    this.#desk = desk;
    this.who = h("h2", { class: "who", text: say("question.you") });
    this.matter = h("div", { class: "matter" });
    this.element = h("section", { class: "question said-by", data: { message: message.id } }, this.who, this.matter);
  }

  update(message, questions) {
    this.#message = message;
    const looks = JSON.stringify([message.text, message.state, message.refused, message.unheard, questions.map((q) => q.id)]);
    if (looks === this.#drawn) return;
    this.#drawn = looks;
    this.#show(questions);
  }

  #show(questions = this.questions) {
    this.questions = questions;
    const { text, pending, refused, unheard } = this.#message;
    const long = text.length > LONG || text.split("\n").length > 6;
    this.element.classList.toggle("branched", questions.length > 1);
    const tools = h("div", { class: "tools" }, versionsOf(this.#desk, questions, this.#message),
      iconButton("copy", say("question.copy"), (event) => this.#desk.copy(text, event.currentTarget)),
      iconButton("edit", say("question.edit"), () => this.#edit()),
      refused ? iconButton("bin", say("question.discard"), () => this.#discard()) : null);
    const asked = h("p", { class: `asked ${long ? "long" : ""}`.trim(), dir: "auto", text });
    const state = h("p", { class: `state ${refused ? "refused" : ""}`.trim(), text: say(refused ? "state.refused" : unheard ? "state.unheard" : "state.sending") });
    redraw(this.matter, asked, ...(pending ? [state] : []), ...(pending && !refused ? [] : [tools]));
  }

  #discard() {
    dropNotice();
    this.#desk.asking.drop(this.#message);
    this.#desk.draw();
  }

  #edit() {
    const input = h("textarea", { "aria-label": say("question.edit"), dir: "auto" });
    input.value = this.#message.text;
    const close = () => {
      this.#show();
      this.matter.querySelector(".tools > :last-child")?.focus();
    };
    const send = () => {
      const text = input.value.trim();
      if (text) this.#show();
      if (text) this.#desk.edit(this.#message, text);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      else if (sends(event)) {
        event.preventDefault();
        send();
      }
    });
    const row = h("div", { class: "row" },
      h("button", { type: "button", class: "button main", text: say("question.send_edit"), on: { click: send } }),
      h("button", { type: "button", class: "button", text: say("dialog.cancel"), on: { click: close } }),
      h("span", { class: "hint", text: say("question.edit_hint") }));
    this.matter.replaceChildren(h("div", { class: "edit" }, input, row));
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
}

/** Enter sends; with shift, and on a touch screen, it is a new line, and while a word is being composed it only ends that. */
export function sends(event) {
  if (event.key !== "Enter" || event.shiftKey || matchMedia("(pointer: coarse)").matches) return false;
  return !event.isComposing && event.keyCode !== 229;
}
