// What a screen reader hears of an answer that is being written: whole sentences, not single tokens.

const SENTENCE = /[\s\S]*?(?:[.!?。？！…](?=\s|$)|\n)+/g;
const EVERY_MS = 1200;

export class Speech {
  #place;
  #waiting = "";
  #ready = [];
  #timer = null;

  /** place: an element with aria-live */
  constructor(place) {
    this.#place = place;
  }

  feed(piece) {
    this.#waiting += piece;
    let end = 0;
    for (const found of this.#waiting.matchAll(SENTENCE)) {
      this.#ready.push(found[0].trim());
      end = found.index + found[0].length;
    }
    this.#waiting = this.#waiting.slice(end);
    this.#timer ??= this.#ready.length ? setTimeout(() => this.#speak(), EVERY_MS) : null;
  }

  finish() {
    if (this.#waiting.trim()) this.#ready.push(this.#waiting.trim());
    this.#waiting = "";
    this.#speak();
  }

  say(text) {
    this.#ready.push(text);
    this.#speak();
  }

  drop() {
    this.#waiting = "";
    this.#ready = [];
  }

  #speak() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#ready.filter(Boolean).join(" ").replace(/[#*_`|>]+/g, " ");
    this.#ready = [];
    if (text) this.#place.textContent = text;
  }
}
