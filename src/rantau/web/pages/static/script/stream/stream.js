// Follows generations over whatever connection there is. Whoever follows sees each entry once, in order.
import { Connection } from "./connection.js";
import { keepLogs, keptLogs } from "./kept.js";
import { Log, START } from "./log.js";

const KEEP_MS = 300;

/**
 * onState: told "idle", "live", "reconnecting", "offline", "signed_out" or "outdated" whenever it changes.
 * A follower is told: text(whole) at first, then piece(text), phase(name), standing(state, ahead), restarted(),
 * gone(message), lost(code), and last end(entry, whole: does the text agree with the server's?).
 */
export class Stream {
  #followed = new Map();
  #connection;
  #kept;
  #keeping = null;
  #storage;

  constructor({ onState = () => {}, storage = sessionStorage } = {}) {
    this.#storage = storage;
    this.#kept = keptLogs(storage);
    this.#connection = new Connection({ state: onState, opened: () => this.#askAll(), frame: (frame) => this.#frame(frame) });
    addEventListener("pagehide", () => this.#keep());
  }

  get state() {
    return this.#connection.state;
  }

  get way() {
    return this.#connection.way;
  }

  follows(generation) {
    return this.#followed.has(generation);
  }

  follow(generation, follower) {
    const log = this.#kept.get(generation) ?? new Log(generation);
    this.#kept.delete(generation);
    this.#followed.set(generation, { log, follower, asked: START });
    follower.text(log.text);
    this.#connection.want();
    this.#connection.wire?.follow(generation, log.after);
  }

  leaveAll() {
    for (const generation of this.#followed.keys()) this.#connection.wire?.leave(generation);
    this.#followed.clear();
    this.#keep();
    this.#connection.rest();
  }

  #askAll() {
    for (const [generation, { log }] of this.#followed) this.#connection.wire.follow(generation, log.after);
  }

  #frame(frame) {
    const found = this.#followed.get(frame.gen);
    if (!found) return undefined;
    if (frame.t === "ev") return this.#entries(found, frame.e);
    if (frame.t === "st") return found.follower.standing(frame.state, frame.pos ?? null);
    if (frame.t === "gone") return this.#over(found, () => found.follower.gone(frame.final));
    return frame.t === "err" ? this.#refused(found, frame.code) : undefined;
  }

  #entries(found, entries) {
    const { log, follower } = found;
    const { pieces, phase, end, gap } = log.take(entries);
    if (phase) follower.phase(phase);
    if (pieces) follower.piece(pieces);
    if (end) return this.#over(found, () => follower.end(end, log.agrees(end)));
    if (gap) return this.#askBehind(found);
    this.#keeping ??= setTimeout(() => this.#keep(), KEEP_MS);
    return undefined;
  }

  /** An entry is missing: it is asked for, and if it is not there, everything. */
  #askBehind(found) {
    const { wire } = this.#connection;
    if (found.asked === found.log.after) this.#restart(found);
    found.asked = found.log.after;
    wire.leave(found.log.generation);
    wire.follow(found.log.generation, found.log.after);
  }

  #refused(found, code) {
    if (code !== "unknown_cursor") return this.#over(found, () => found.follower.lost(code));
    this.#restart(found);
    return this.#connection.wire.follow(found.log.generation, START);
  }

  #restart({ log, follower }) {
    log.restart();
    follower.restarted();
  }

  #over({ log }, say) {
    this.#followed.delete(log.generation);
    if (this.way !== "socket") this.#connection.wire?.leave(log.generation); // the socket knows
    this.#keep();
    say();
    if (!this.#followed.size) this.#connection.rest();
  }

  #keep() {
    clearTimeout(this.#keeping);
    this.#keeping = null;
    keepLogs([...this.#followed.values()].map(({ log }) => log), this.#storage);
  }
}
