// Blind battles: the vote after both have ended, its reasons, the reveal, and ten seconds to take it back.
import { ask } from "../page/api.js";
import { focusAfter, h } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { language, say } from "../page/words.js";
import { readersOf, reasonChips } from "./feedback.js";
import { isOpen } from "./tree.js";

const CHOICES = ["a", "b", "tie", "bad"];
const UNDO_MS = 10_000;

export class VoteView {
  #desk;
  #drawn = "";
  #since = 0;
  #reasons = new Set();
  #until = 0;

  constructor(desk) {
    this.#desk = desk;
    this.element = h("div");
  }

  /** question: with its battle; answers: both sides */
  update(question, answers) {
    const { battle } = question;
    const over = answers.every((answer) => !isOpen(answer.shown));
    const said = answers.some((answer) => answer.shown.text);
    if (over && !this.#since) this.#since = Date.now();
    const looks = JSON.stringify([battle, over, said, answers.map((a) => a.shown.model)]);
    if (looks === this.#drawn) return;
    this.#drawn = looks;
    if (battle.vote) this.element.replaceChildren(this.#reveal(battle, answers));
    else if (!over) this.element.replaceChildren(h("div", { class: "vote waits" }, h("p", { class: "soft", text: say("vote.waits") })));
    else this.element.replaceChildren(...(said ? [this.#ballot(battle)] : []));
  }

  #ballot(battle) {
    const button = (choice) => h("button", { type: "button", class: "button", text: say(`vote.${choice}`), on: { click: () => this.#vote(battle, choice) } });
    return h("div", { class: "vote", role: "group", "aria-label": say("vote.question") },
      h("h3", { text: say("vote.question") }),
      h("div", {}, h("p", { class: "hint", text: say("vote.reasons") })),
      reasonChips(this.#reasons),
      h("div", { class: "choices" }, CHOICES.map(button)), readersOf("vote.readers"));
  }

  async #vote(battle, choice) {
    const before = document.activeElement;
    const told = { choice, reasons: [...this.#reasons], dwell_ms: Date.now() - this.#since, language: language() };
    try {
      await ask("POST", `/api/battles/${battle.id}/vote`, told);
      this.#until = Date.now() + UNDO_MS;
      await this.#desk.reload();
      focusAfter(this.element.querySelector("button"), before);
      setTimeout(() => this.#expire(), UNDO_MS);
    } catch (error) {
      toast(wordsOf(error));
    }
  }

  async #undo(battle) {
    try {
      await ask("DELETE", `/api/battles/${battle.id}/vote`);
      this.#until = 0;
      await this.#desk.reload();
    } catch (error) {
      toast(wordsOf(error));
    }
  }

  #reveal(battle, answers) {
    const choice = battle.vote.choice ?? battle.vote;
    const names = answers.map(({ side, shown }) => say("vote.was", { side: side.toUpperCase(), name: this.#desk.model(shown.model)?.title ?? shown.model ?? "?" }));
    const parts = [h("p", {}, h("strong", { text: say(`vote.chose_${choice}`) }), ` ${names.join(" ")}`)];
    if (battle.adapted_side === null) parts.push(h("p", { class: "small", text: say("vote.same") }));
    if (Date.now() < this.#until) parts.push(h("button", { type: "button", class: "button undo", text: say("vote.undo"), on: { click: () => this.#undo(battle) } }));
    return h("div", { class: "reveal", role: "status" }, parts);
  }

  #expire() {
    if (Date.now() >= this.#until) this.element.querySelector(".undo")?.remove();
  }
}
