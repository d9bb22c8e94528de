// A question with its answers: one below it, or two side by side, which a phone shows one at a time.
import { arrange, h } from "../page/dom.js";
import { say } from "../page/words.js";
import { AnswerView } from "./answer.js";
import { QuestionView } from "./question.js";
import { isOpen } from "./tree.js";
import { VoteView } from "./vote.js";

const START_MS = 3000; // a blind battle waits so long for the slower side's first words

export class TurnView {
  #desk;
  #answers = new Map();
  #vote = null;
  #timer = null;

  constructor(desk, question) {
    this.#desk = desk;
    this.question = new QuestionView(desk, question);
    this.pair = h("div", { class: "pair" });
    this.tabs = h("div", { class: "sides", role: "tablist", "aria-label": say("compare.sides") });
    this.element = h("article", { class: "turn" }, this.question.element);
    this.front = 0;
  }

  /** Returns   the views of the answers that are shown */
  update({ question, questions, answers }, mode) {
    this.question.update(question, questions);
    const secret = mode === "blind" && !question.battle?.vote;
    const views = answers.map(({ side, shown, versions }) => {
      const view = this.#view(shown);
      const chosen = mode === "blind" && (question.battle?.vote?.choice ?? question.battle?.vote) === side;
      view.update(shown, { side, mode, secret, versions, chosen });
      return view;
    });
    if (mode === "single") arrange(this.element, [this.question.element, ...views.map((view) => view.element)]);
    else this.#sideBySide(question, answers, views, mode);
    return views;
  }

  #view(message) {
    if (!this.#answers.has(message.id)) this.#answers.set(message.id, new AnswerView(this.#desk, message));
    return this.#answers.get(message.id);
  }

  #sideBySide(question, answers, views, mode) {
    arrange(this.pair, views.map((view) => view.element));
    const parts = [this.question.element, this.tabs, this.pair];
    if (mode === "blind" && question.battle) {
      this.#vote ??= new VoteView(this.#desk);
      this.#vote.update(question, answers);
      parts.push(this.#vote.element);
      this.#gate(answers, views);
    }
    arrange(this.element, parts);
    this.#drawTabs(answers, views);
  }

  #drawTabs(answers, views) {
    const names = answers.map((answer, n) => views[n].who.textContent);
    if (this.tabs.dataset.names !== names.join("\n") || this.tabs.childElementCount !== views.length) {
      this.tabs.dataset.names = names.join("\n");
      this.tabs.replaceChildren(...answers.map((answer, n) => this.#tab(names[n], views[n], n)));
    }
    this.#turnTo(this.front);
  }

  #tab(name, view, n) {
    view.element.id ||= `side-${view.element.dataset.message}`;
    const kind = ["adapted", "secret"].find((each) => view.element.classList.contains(each)) ?? "";
    const tab = h("button", { type: "button", role: "tab", "aria-controls": view.element.id }, h("span", { class: `dot ${kind}` }), h("bdi", { text: name }));
    tab.addEventListener("click", () => this.#turnTo(n));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      this.#turnTo(1 - n);
      this.tabs.children[1 - n]?.focus();
    });
    return tab;
  }

  #turnTo(n) {
    this.front = n;
    [...this.tabs.children].forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === n));
      tab.tabIndex = place === n ? 0 : -1;
    });
    [...this.pair.children].forEach((side, place) => side.classList.toggle("behind", place !== n));
  }

  /** Neither side of a blind battle begins before the other one can, or three seconds have passed. */
  #gate(answers, views) {
    const open = views.filter((view, n) => isOpen(answers[n].shown));
    if (this.begun || open.length < views.length) return this.#release(views);
    for (const view of views) view.held = true;
    return undefined;
  }

  /** A piece came for a side. */
  heard(views) {
    if (this.begun || !views.some((view) => view.held)) return;
    if (views.every((view) => view.text)) this.#release(views);
    else this.#timer ??= setTimeout(() => this.#release(views), START_MS);
  }

  #release(views) {
    if (this.begun) return;
    this.begun = true;
    clearTimeout(this.#timer);
    for (const view of views) view.release();
  }
}
