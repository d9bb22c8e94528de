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

export class Following {
  unsaved = new Set(); // ids of messages that have ended, of which the row may not say so yet
  #desk;
  #stream;

  constructor(desk) {
    this.#desk = desk;
    this.#stream = new Stream({ onState: (state) => desk.connection(state) });
    this.speech = new Speech(find("#aloud"));
  }

  get state() {
    return this.#stream.state;
  }

  leave() {
    this.#stream.leaveAll();
    this.speech.drop();
    this.unsaved.clear();
  }

  /** Is this row behind what the stream has told? */
  isBehind(message) {
    return this.unsaved.has(message.id) && isOpen(message);
  }

  follow(message, view) {
    if (!message.generation || this.unsaved.has(message.id) || this.#stream.follows(message.generation)) return;
    this.#stream.follow(message.generation, view.follower());
  }

  heard(message, piece) {
    if (this.#desk.mode === "single") this.speech.feed(piece);
    else this.#desk.conversation.heard(message);
  }

  /** whole: the text agrees with the server's; where it does not, the row takes its place */
  ended(message, end, text, whole) {
    this.unsaved.add(message.id);
    if (this.#desk.mode === "single") this.speech.finish();
    else this.speech.say(say("answer.ended"));
    this.#desk.learned([{ ...this.#desk.messages.get(message.id), text, state: end.s, reason: end.r, code: end.c ?? "" }]);
    if (!whole) this.#mismatch(message.generation);
    return this.#untilSaved(this.#desk.talk?.id);
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
    if (code === "signed_out") this.#desk.signedOut();
    else setTimeout(() => this.#desk.reload().catch(() => {}), LOOK_AGAIN_MS);
  }

  /** Asks until the rows have what the stream said. */
  async #untilSaved(id) {
    for (const ms of SAVED_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (this.#desk.talk?.id !== id) return;
      const found = await ask("GET", `/api/talks/${id}`).catch(() => null);
      if (this.#desk.talk?.id !== id) return;
      if (found) this.#desk.learnTalk(found);
      if (found && !this.unsaved.size) break;
    }
    this.#desk.others.tell();
  }

  /** Rows that have ended are kept. */
  keep(messages) {
    for (const message of messages) if (!isOpen(message)) this.unsaved.delete(message.id);
  }
}
