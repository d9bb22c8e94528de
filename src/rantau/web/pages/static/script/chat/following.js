// Following: what streams tell of the answers that are shown, until the server has kept them.
import { ask } from "../page/api.js";
import { find } from "../page/dom.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";
import { Stream } from "../stream/stream.js";
import { Speech } from "./speech.js";
import { isOpen } from "./tree.js";

const SAVED_MS = [150, 300, 600, 1200, 2400, 5000, 10_000];
const LOOK_AGAIN_MS = 3000;
const UNSEEN = new Set(["signed_out", "not_found"]); // asking again tells nothing

export class Following {
  unsaved = new Map(); // ids of messages that have ended, of which the row may not say so yet -> their generations
  #desk;
  #asked = new Set(); // ids of messages that this tab asked for: it alone tells the others of their end
  #stream;
  #round = null; // of looking whether they are saved

  constructor(desk) {
    this.#desk = desk;
    this.#stream = new Stream({ onState: (state) => desk.standing.change(state) });
    this.speech = new Speech(find("#aloud"));
  }

  get state() {
    return this.#stream.state;
  }

  leave() {
    this.#stream.leaveAll();
    this.speech.drop();
    this.unsaved.clear();
    this.#asked.clear();
    this.#round = null;
  }

  /** These answers were asked for here. Other tabs are told, once now and once when all are kept. */
  asked(messages) {
    for (const { id } of messages) this.#asked.add(id);
    this.#desk.others.tell();
  }

  /** Is this row behind what the stream has told? One with another generation is not: it is answered anew. */
  isBehind(message) {
    return isOpen(message) && this.#hasEnded(message);
  }

  #hasEnded({ id, generation }) {
    return this.unsaved.has(id) && this.unsaved.get(id) === generation;
  }

  follow(message, view) {
    if (!message.generation || this.#hasEnded(message) || this.#stream.follows(message.generation)) return;
    this.#stream.follow(message.generation, view.follower());
  }

  /** Of several answers that are written at once, those on other branches are not read out. */
  heard(message, piece) {
    if (this.#desk.mode !== "single") this.#desk.conversation.heard(message);
    else if (this.#isShown(message)) this.speech.feed(piece);
  }

  #isShown(message) {
    return this.#desk.conversation.viewOf(message.id) !== null;
  }

  /** whole: the text agrees with the server's; where it does not, the row takes its place */
  ended(message, end, text, whole) {
    this.unsaved.set(message.id, message.generation);
    if (this.#desk.mode !== "single") this.speech.say(say("answer.ended"));
    else if (this.#isShown(message)) this.speech.finish();
    this.#desk.learned([{ ...this.#desk.messages.get(message.id), text, state: end.s, reason: end.r, code: end.c ?? "" }]);
    if (!whole) this.#mismatch(message.generation);
    return this.#untilSaved();
  }

  #mismatch(generation) {
    console.error("rantau: text mismatch", generation);
    ask("POST", `/api/generations/${generation}/mismatch`, {}).catch(() => {});
  }

  /** Nothing more comes from this log: the answer has ended, or the queue was lost and another one answers from the start. */
  gone(message) {
    if (isOpen(message)) toast(say("state.restarted"));
    this.#desk.learned([message]);
  }

  lost(code) {
    if (code === "signed_out") this.#desk.standing.signedOut();
    else setTimeout(() => this.#desk.reload().catch(() => {}), LOOK_AGAIN_MS);
  }

  /** Asks until the rows have what the stream said. A later end takes this over. */
  async #untilSaved() {
    const round = {};
    this.#round = round;
    for (let n = 0; this.unsaved.size; n++) {
      await new Promise((resolve) => setTimeout(resolve, SAVED_MS[Math.min(n, SAVED_MS.length - 1)]));
      if (this.#round !== round) return;
      await this.#desk.reload(this.#since).catch((error) => UNSEEN.has(error.code) && this.unsaved.clear());
      if (this.#round !== round) return;
    }
    if (this.#asked.size && !this.#desk.drawing.openAnswers.some(({ id }) => this.#asked.has(id))) {
      this.#asked.clear();
      this.#desk.others.tell();
    }
  }

  /** When the first of the unsaved answers was asked for. What was made before is as it was. */
  get #since() {
    const { messages } = this.#desk;
    const unsaved = [...this.unsaved.keys()].map((id) => messages.get(id)).filter(Boolean);
    return unsaved.map((message) => (messages.get(message.parent) ?? message).created).sort()[0];
  }

  /** Rows that have ended are kept. */
  keep(messages) {
    for (const message of messages) if (!isOpen(message)) this.unsaved.delete(message.id);
  }
}
