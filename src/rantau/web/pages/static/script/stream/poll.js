// The last way: asking again and again. The server waits a while before it says that there is nothing new.
import { ask } from "../page/api.js";

const WAIT_S = 10;
const PAUSE_MS = 250; // between answers, so that a fast writer is not asked for each piece

export class PollWire {
  static kind = "poll";
  #cursors = new Map();
  #on;

  constructor(on) {
    this.#on = on;
    queueMicrotask(() => on.opened({ surely: false }));
  }

  follow(generation, after) {
    const round = {};
    this.#cursors.set(generation, { after, round });
    this.#asking(generation, round);
  }

  leave(generation) {
    this.#cursors.delete(generation);
  }

  close() {
    this.#cursors.clear();
  }

  async #asking(generation, round) {
    const mine = () => this.#cursors.get(generation)?.round === round;
    while (mine()) {
      try {
        const said = await ask("GET", `/api/generations/${generation}?after=${this.#cursors.get(generation).after}&wait=${WAIT_S}`);
        if (!mine()) return;
        this.#on.opened({ surely: true, again: false });
        this.#told(generation, said);
      } catch (error) {
        if (mine()) this.#failed(generation, error);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #failed(generation, { code }) {
    if (code === "not_found") {
      this.leave(generation);
      this.#on.frame({ t: "err", gen: generation, code });
      return;
    }
    this.close();
    this.#on.lost(code === "signed_out" ? 4401 : 0);
  }

  #told(generation, { e: entries, state, pos, final, code }) {
    const say = (frame) => this.#on.frame({ gen: generation, ...frame });
    if (entries.length) {
      this.#cursors.get(generation).after = entries.at(-1)[0];
      say({ t: "ev", e: entries });
    }
    if (final) say({ t: "gone", final });
    else if (code) say({ t: "err", code });
    else if (!entries.length && state) say({ t: "st", state, pos });
  }
}
