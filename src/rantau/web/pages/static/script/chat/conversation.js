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
  #at = 0; // how far it was scrolled

  constructor(desk) {
    this.#desk = desk;
    this.root = find("#conversation");
    this.area = find("#main");
    this.latest = find("#latest");
    this.latest.addEventListener("click", () => this.toEnd());
    this.area.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.#grew());
    for (const each of [this.root, this.area]) sizes.observe(each); // the keys of a phone leave less room
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
    this.#grew();
  }

  #grew() {
    if (this.#pinned && this.#shown.length) this.area.scrollTop = this.area.scrollHeight;
    this.#at = this.area.scrollTop;
    this.#drawLatest();
  }

  /** Whoever turns back wants to read there, be it one line; who comes near the end again goes on with it. */
  #scrolled() {
    const moved = this.area.scrollTop - this.#at;
    this.#at = this.area.scrollTop;
    if (moved < 0) this.#pinned = this.#left() < 2;
    else if (moved > 0) this.#pinned ||= this.#left() < NEAR;
    this.#drawLatest();
  }

  #left() {
    return this.area.scrollHeight - this.area.scrollTop - this.area.clientHeight;
  }

  #drawLatest() {
    this.latest.hidden = this.#pinned || this.root.hidden || this.#left() < NEAR;
  }
}
