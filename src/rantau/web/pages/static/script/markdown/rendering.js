// An answer on the page while it is written: only its last block is read again, and what stands is not touched.
import { blocks } from "./blocks.js";
import { patch } from "./patch.js";

const LONG = 2048; // characters of an open block from which on it is read again only when it grew by a share
const SHARE = 1 / 32;

export class Rendering {
  #root;
  #labels;
  #text = "";
  #frozen = 0; // characters that are shown for good
  #read = 0; // length of the text when it was last read
  #open = { nodes: [], places: [] }; // what is shown after the frozen part

  /** root: an empty element; labels: {copy}, the words of the button on code */
  constructor(root, labels = {}) {
    this.#root = root;
    this.#labels = labels;
  }

  get text() {
    return this.#text;
  }

  /** Adds a piece. Returns   false if a long block waits for more: `settle` shows it when nothing comes for a while */
  append(piece) {
    this.#text += piece;
    const open = this.#text.length - this.#frozen;
    if (open > LONG && this.#text.length - this.#read < open * SHARE) return false;
    this.#show(true);
    return true;
  }

  settle() {
    if (this.#read < this.#text.length) this.#show(true);
  }

  /** The text is whole: what waited for its pair is a character. */
  finish() {
    this.#show(false);
  }

  /** Another text takes its place. done: it is whole */
  reset(text = "", { done = false } = {}) {
    this.#root.replaceChildren();
    this.#text = text;
    this.#frozen = this.#read = 0;
    this.#open = { nodes: [], places: [] };
    this.#show(!done);
  }

  #show(open) {
    this.#read = this.#text.length;
    const lines = this.#text.slice(this.#frozen).split("\n");
    const found = blocks(lines.map(withoutReturn), { open, labels: this.#labels });
    const nodes = found.map((block) => block.node);
    const places = patch(this.#root, this.#open.places, this.#open.nodes, nodes);
    const stands = Math.max(found.findLastIndex((block) => block.from < lines.length - 1), 0);
    if (stands) this.#freeze(lines, found[stands].from);
    this.#open = { nodes: nodes.slice(stands), places: places.slice(stands) };
  }

  /** A block stands once another one has begun in a line that is whole. */
  #freeze(lines, count) {
    for (const line of lines.slice(0, count)) this.#frozen += line.length + 1;
  }
}

/** Some texts end their lines the way of Windows. */
const withoutReturn = (line) => (line.endsWith("\r") ? line.slice(0, -1) : line);
