// Where a person writes. One button sends, stops, and waits until what was stopped has ended.
import { find, h, icon } from "../page/dom.js";
import { number, say } from "../page/words.js";
import { sends } from "./question.js";

const DRAFT = "rantau:draft:";

export class Composer {
  #desk;
  #phase = "idle";
  #talk = "";

  constructor(desk) {
    this.#desk = desk;
    this.form = find("#composer");
    this.input = find("#text");
    this.button = find("#send");
    this.count = find("#count");
    this.model = find("#model");
    this.tune = find("#tune");
    this.form.addEventListener("submit", (event) => this.#pressed(event));
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => this.#typed());
    this.model.addEventListener("change", () => desk.parameters.useModel(this.model.value));
    this.tune.addEventListener("click", () => desk.parameters.tune());
    this.draw();
  }

  /** phase: idle, sending, answering, stopping */
  set phase(phase) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.draw();
  }

  /** The draft of a talk comes back when the talk does. */
  set talk(id) {
    this.#talk = id ?? "";
    this.input.value = sessionStorage.getItem(DRAFT + this.#talk) ?? "";
    this.#fit();
    this.draw();
  }

  /** The talk that is open has got a name; the draft goes on. */
  becomes(id) {
    sessionStorage.removeItem(DRAFT + this.#talk);
    this.#talk = id;
  }

  get text() {
    return this.input.value;
  }

  put(text) {
    this.input.value = text;
    this.#typed();
    this.input.focus();
  }

  clear() {
    this.input.value = "";
    this.#typed();
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  showModels(models, name, shown) {
    const gone = name && !models.some((model) => model.name === name); // its talk goes on with another one
    this.model.hidden = !shown || (models.length < 2 && !gone);
    const old = gone ? [h("option", { value: name, text: name, disabled: true })] : [];
    this.model.replaceChildren(...old, ...models.map((model) => h("option", { value: model.name, text: model.title })));
    this.model.value = name;
  }

  draw() {
    const stops = this.#phase !== "idle";
    const words = say(stops ? (this.#phase === "stopping" ? "composer.stopping" : "composer.stop") : "composer.send");
    this.button.classList.toggle("stop", stops);
    this.button.disabled = stops ? this.#phase === "stopping" : !this.input.value.trim() || [...this.input.value].length > this.#most;
    this.button.setAttribute("aria-label", words);
    this.button.title = words;
    this.button.dataset.phase = this.#phase;
    this.button.replaceChildren(icon(stops ? "stop" : "send"), ...(this.#phase === "stopping" ? [h("span", { text: words })] : []));
    this.#drawCount();
  }

  get #most() {
    return this.#desk.me?.limits.message_chars ?? Number.POSITIVE_INFINITY;
  }

  #drawCount() {
    const length = [...this.input.value].length;
    this.count.hidden = length < this.#most * 0.8;
    this.count.classList.toggle("over", length > this.#most);
    const told = { n: number(length), most: number(this.#most) };
    const short = h("span", { "aria-hidden": "true", text: `${told.n} / ${told.most}` });
    const long = h("span", { class: "visually-hidden", text: say("composer.count", told) });
    this.count.replaceChildren(...(this.count.hidden ? [] : [short, long]));
    this.input.setAttribute("aria-invalid", String(length > this.#most));
  }

  #pressed(event) {
    event.preventDefault();
    if (this.#phase === "idle") return this.submit();
    if (!matchMedia("(pointer: coarse)").matches) this.focus(); // the button can soon not be pressed, and would lose it
    return this.#desk.asking.stop();
  }

  submit() {
    const text = this.input.value.trim();
    if (text && !this.button.disabled) this.#desk.send(text);
  }

  #key(event) {
    if (!sends(event)) return;
    event.preventDefault();
    if (this.#phase === "idle") this.submit();
  }

  #typed() {
    this.#fit();
    this.draw();
    try {
      if (this.input.value) sessionStorage.setItem(DRAFT + this.#talk, this.input.value);
      else sessionStorage.removeItem(DRAFT + this.#talk);
    } catch {
      // a full store keeps no drafts
    }
  }

  /** Where the browser does not size a field by its content. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${this.input.scrollHeight}px`;
  }
}
