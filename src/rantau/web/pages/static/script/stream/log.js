// What this tab has read of one generation: its text, and the entry up to which it was read.
import { sha256 } from "../page/sha256.js";

const KEY = "rantau:log:";
export const START = "0-0";

const seqOf = (id) => Number.parseInt(id.split("-")[1], 10);

export class Log {
  constructor(generation, { after = START, text = "" } = {}) {
    Object.assign(this, { generation, after, text });
  }

  /** As this tab left it, or from the start. */
  static kept(generation, storage) {
    try {
      const found = JSON.parse(storage.getItem(KEY + generation) ?? "null");
      const usable = typeof found?.text === "string" && /^\d+-\d+$/.test(found.after);
      return new Log(generation, usable ? found : {});
    } catch {
      return new Log(generation);
    }
  }

  /** Takes what is new; an entry that was read before is passed over. Returns   {pieces, phase, end, gap} */
  take(entries) {
    const taken = { pieces: "", phase: null, end: null, gap: false };
    for (const [id, entry] of entries) {
      const missing = seqOf(id) - seqOf(this.after) - 1;
      if (missing < 0) continue;
      if (missing > 0) return { ...taken, gap: true };
      this.after = id;
      this.#apply(entry, taken);
    }
    return taken;
  }

  #apply(entry, taken) {
    if (entry.k === "tok") {
      this.text += entry.t;
      taken.pieces += entry.t;
    } else if (entry.k === "ph") taken.phase = entry.p;
    else if (entry.k === "end") taken.end = entry;
  }

  /** Is it all of the text that the server has? */
  agrees(end) {
    if (end.sha === undefined) return true;
    return [...this.text].length === end.n && sha256(this.text) === end.sha;
  }

  restart() {
    this.after = START;
    this.text = "";
  }

  keep(storage) {
    try {
      storage.setItem(KEY + this.generation, JSON.stringify({ after: this.after, text: this.text }));
    } catch {
      storage.removeItem(KEY + this.generation); // full: the next reading begins at the start
    }
  }

  forget(storage) {
    storage.removeItem(KEY + this.generation);
  }
}

/** Forgets all logs of this tab: somebody signs out. */
export function forgetAll(storage) {
  for (const key of Object.keys(storage)) if (key.startsWith("rantau:")) storage.removeItem(key);
}
