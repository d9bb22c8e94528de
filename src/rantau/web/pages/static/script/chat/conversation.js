// The talk on the page: turns in order, and a view that stays at the newest words unless the reader has scrolled away.
import { arrange, find } from "../page/dom.js";
import { turnsOf } from "./tree.js";
import { TurnView } from "./turn.js";

const NEAR = 80; // pixels from the end that count as the end

export class Conversation {
  #desk;
  #turns = new Map();
  #shown = [];
  #pinned = true;

  constructor(desk) {
    this.#desk = desk;
    this.root = find("#conversation");
    this.area = find("#main");
    this.latest = find("#latest");
    this.latest.addEventListener("click", () => this.toEnd());
    this.area.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#grew()).observe(this.root);
  }

  clear() {
    this.#turns.clear();
    this.#shown = [];
    this.#pinned = true;
    this.root.replaceChildren();
  }

  /** Returns   turns as they are shown, each with its views */
  show(messages, chosen, mode) {
    const turns = turnsOf(messages, chosen);
    this.#shown = turns.map((turn) => {
      const view = this.#turn(turn.question);
      return { turn, view, answers: view.update(turn, mode) };
    });
    arrange(this.root, this.#shown.map(({ view }) => view.element));
    this.root.hidden = !turns.length;
    return this.#shown;
  }

  #turn(question) {
    const key = question.client_id ?? question.id;
    if (!this.#turns.has(key)) this.#turns.set(key, new TurnView(this.#desk, question));
    return this.#turns.get(key);
  }

  viewOf(id) {
    for (const { turn, answers } of this.#shown) {
      const at = turn.answers.findIndex((answer) => answer.shown.id === id);
      if (at >= 0) return answers[at];
    }
    return null;
  }

  heard(message) {
    const found = this.#shown.find(({ turn }) => turn.question.id === message.parent);
    found?.view.heard(found.answers);
  }

  toEnd() {
    this.#pinned = true;
    this.area.scrollTop = this.area.scrollHeight;
    this.#scrolled();
  }

  #grew() {
    if (this.#pinned) this.area.scrollTop = this.area.scrollHeight;
    this.#scrolled();
  }

  #scrolled() {
    const left = this.area.scrollHeight - this.area.scrollTop - this.area.clientHeight;
    this.#pinned = left < NEAR;
    this.latest.hidden = this.#pinned || this.root.hidden;
  }
}
