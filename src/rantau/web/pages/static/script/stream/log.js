// What this tab has read of one generation: its text, and the entry up to which it was read.
import { sha256 } from "../page/sha256.js";

export const START = "0-0";

const seqOf = (id) => Number.parseInt(id.split("-")[1], 10);

export class Log {
  constructor(generation, { after = START, text = "" } = {}) {
    Object.assign(this, { generation, after, text });
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
}
