// How what is open is shown: its turns, and what the controls around them offer.
import { find } from "../page/dom.js";
import { drawHead } from "./head.js";
import { isOpen } from "./tree.js";

export class Drawing {
  #desk;
  #shown = [];

  constructor(desk) {
    this.#desk = desk;
  }

  /** Turns that the server has, of the branch that is shown. */
  get turns() {
    return this.#shown.map(({ turn }) => turn).filter((turn) => !turn.question.pending);
  }

  get openAnswers() {
    return this.turns.flatMap((turn) => turn.answers.map((answer) => answer.shown)).filter(isOpen);
  }

  get lastAnswers() {
    return this.turns.at(-1)?.answers.map((answer) => answer.shown) ?? [];
  }

  /** Does a message wait for the server, or an answer for its end? */
  get goesOn() {
    return Boolean(this.#desk.asking.pending || this.openAnswers.length);
  }

  draw() {
    const desk = this.#desk;
    this.#shown = desk.conversation.show([...desk.messages.values(), ...desk.asking.unkept], desk.chosen, desk.mode);
    for (const { turn, answers } of this.#shown) {
      turn.answers.forEach(({ shown }, n) => isOpen(shown) && desk.following.follow(shown, answers[n]));
    }
    document.body.classList.toggle("wide", desk.mode !== "single");
    desk.start.show({ mode: desk.draft.mode, pair: desk.me.models.length > 1, shown: !this.#shown.length && !desk.talk });
    desk.sidebar.draw();
    drawHead(desk, this.#shown[0]?.turn.question);
    find("#new-here").hidden = !desk.talk && !this.#shown.length;
    this.#drawComposer(desk);
    desk.standing.draw();
  }

  #drawComposer({ composer, asking, me, talk, draft, mode, parameters }) {
    const open = this.openAnswers;
    const stopping = asking.stopping || (open.length && open.every((message) => message.state === "stopping"));
    composer.phase = stopping ? "stopping" : asking.pending ? "sending" : open.length ? "answering" : "idle";
    composer.showModels(me.models, talk?.model || draft.model, mode === "single");
    composer.tune.toggleAttribute("data-changed", parameters.differ);
  }
}
