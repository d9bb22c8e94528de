// What a screen reader hears of an answer that is being written: whole sentences, not single tokens.

const END = /[.!?…](?=\s)|[。？！\n]/g; // the last that was written may still go on, as 3.5 does
const LONGEST = 400; // characters without an end, after which what there is is said
const EVERY_MS = 1200;

export class Speech {
  #place;
  #waiting = "";
  #looked = 0; // characters of #waiting in which no sentence ends
  #ready = [];
  #timer = null;

  /** place: an element with aria-live */
  constructor(place) {
    this.#place = place;
  }

  feed(piece) {
    this.#waiting += piece;
    this.#cut(this.#lastEnd());
    if (this.#waiting.length > LONGEST) this.#cut(this.#waiting.lastIndexOf(" ") + 1 || this.#waiting.length);
    this.#timer ??= this.#ready.length ? setTimeout(() => this.#speak(), EVERY_MS) : null;
  }

  finish() {
    this.#cut(this.#waiting.length);
    this.#speak();
  }

  say(text) {
    this.#ready.push(text);
    this.#speak();
  }

  drop() {
    this.#waiting = "";
    this.#looked = 0;
    this.#ready = [];
  }

  /** How far what waits is whole sentences. What was looked at before is not looked at again. */
  #lastEnd() {
    let end = 0;
    END.lastIndex = this.#looked;
    for (let found = END.exec(this.#waiting); found; found = END.exec(this.#waiting)) end = END.lastIndex;
    this.#looked = Math.max(this.#waiting.length - 1, 0);
    return end;
  }

  #cut(end) {
    const said = this.#waiting.slice(0, end).trim();
    if (said) this.#ready.push(said);
    this.#waiting = this.#waiting.slice(end);
    this.#looked = Math.max(this.#looked - end, 0);
  }

  #speak() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#ready.join(" ").replace(/[#*_`|>]+/g, " ");
    this.#ready = [];
    if (text) this.#place.textContent = text;
  }
}
