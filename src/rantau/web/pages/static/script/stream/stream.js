// Follows generations over whatever connection there is. Whoever follows sees each entry once, in order.
import { EventsWire } from "./events.js";
import { Log, START } from "./log.js";
import { PollWire } from "./poll.js";
import { SocketWire } from "./socket.js";

const WIRES = [SocketWire, EventsWire, PollWire];
const FAILURES = 2; // of one way in a row, before the next one is tried
const SHORTEST_MS = 500;
const LONGEST_MS = 10_000;
const SILENT_MS = 40_000; // the server speaks every 15 s
const IDLE_MS = 20_000; // a connection that follows nothing is given up
const UPGRADE_MS = 300_000; // then the first way is tried again
const CODES = { signed_out: 4401, origin: 4403, version: 4409, busy: 4429, restart: 1012 };

/**
 * onState: told "idle", "live", "reconnecting", "offline", "signed_out" or "outdated" whenever it changes.
 * A follower is told: text(whole) at first, then piece(text), phase(name), standing(state, ahead), restarted(),
 * gone(message), lost(code), and last end(entry, whole: does the text agree with the server's?).
 */
export class Stream {
  #followed = new Map();
  #wire = null;
  #open = false;
  #rank = 0;
  #demoted = 0;
  #failures = 0;
  #delay = SHORTEST_MS;
  #retry = null;
  #idle = null;
  #heard = 0;
  #keeping = null;
  #storage;
  #onState;

  constructor({ onState = () => {}, storage = sessionStorage } = {}) {
    this.#storage = storage;
    this.#onState = onState;
    this.state = "idle";
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => this.#sleep());
    addEventListener("pagehide", () => this.#keep());
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#look(SILENT_MS / 2));
    setInterval(() => this.#look(SILENT_MS), 5000);
  }

  get way() {
    return WIRES[this.#rank].kind;
  }

  follows(generation) {
    return this.#followed.has(generation);
  }

  follow(generation, follower) {
    const log = Log.kept(generation, this.#storage);
    this.#followed.set(generation, { log, follower, asked: START });
    follower.text(log.text);
    clearTimeout(this.#idle);
    if (this.#open) this.#wire.follow(generation, log.after);
    else if (!this.#wire && !this.#retry) this.#connect();
  }

  leave(generation) {
    if (!this.#followed.delete(generation)) return;
    if (this.#open) this.#wire.leave(generation);
    this.#rest();
  }

  leaveAll() {
    this.#keep();
    for (const generation of [...this.#followed.keys()]) this.leave(generation);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = null;
    if (!this.#followed.size || this.state === "signed_out") return;
    if (!navigator.onLine) return this.#tell("offline");
    if (this.#rank && Date.now() - this.#demoted > UPGRADE_MS) this.#rank = 0;
    this.#tell("reconnecting");
    this.#heard = Date.now();
    const mine = () => this.#wire === wire;
    const wire = new WIRES[this.#rank]({
      opened: (how) => mine() && this.#opened(how),
      lost: (code) => mine() && this.#lost(code),
      frame: (frame) => mine() && this.#frame(frame),
    });
    this.#wire = wire;
  }

  #opened({ surely = true, again = true } = {}) {
    this.#heard = Date.now();
    if (surely) {
      this.#failures = 0;
      this.#delay = SHORTEST_MS;
      this.#tell("live");
    }
    if (this.#open || !again) return;
    this.#open = true;
    for (const [generation, { log }] of this.#followed) this.#wire.follow(generation, log.after);
  }

  #lost(code) {
    const opened = this.state === "live" && this.#open;
    this.#drop();
    if (code === CODES.signed_out) return this.#tell("signed_out");
    if (code === CODES.version) return this.#tell("outdated");
    if (!this.#followed.size) return this.#tell("idle");
    if (!opened) this.#failures += code === CODES.origin ? FAILURES : 1;
    if (this.#failures >= FAILURES) this.#demote();
    if (!navigator.onLine) return this.#tell("offline");
    this.#tell("reconnecting");
    this.#retry = setTimeout(() => this.#connect(), this.#wait(code));
  }

  #demote() {
    this.#failures = 0;
    this.#rank = (this.#rank + 1) % WIRES.length;
    this.#demoted = Date.now();
  }

  #wait(code) {
    if (code === CODES.restart) return SHORTEST_MS + Math.random() * 4500;
    const ms = code === CODES.busy ? LONGEST_MS : this.#delay;
    this.#delay = Math.min(this.#delay * 2, LONGEST_MS);
    return Math.min(ms * (1 + Math.random() / 2), LONGEST_MS);
  }

  #drop() {
    this.#wire?.close();
    this.#wire = null;
    this.#open = false;
  }

  #frame(frame) {
    this.#heard = Date.now();
    const found = this.#followed.get(frame.gen);
    if (frame.t === "err" && !frame.gen) return this.#tell("reconnecting");
    this.#tell("live");
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
    this.#keeping ??= setTimeout(() => this.#keep(), 300);
    return undefined;
  }

  /** An entry is missing: it is asked for, and if it is not there, everything. */
  #askBehind(found) {
    if (found.asked === found.log.after) this.#restart(found);
    found.asked = found.log.after;
    this.#wire.leave(found.log.generation);
    this.#wire.follow(found.log.generation, found.log.after);
  }

  #refused(found, code) {
    if (code !== "unknown_cursor") return this.#over(found, () => found.follower.lost(code));
    this.#restart(found);
    return this.#wire.follow(found.log.generation, START);
  }

  #restart({ log, follower }) {
    log.restart();
    follower.restarted();
  }

  #over({ log }, say) {
    this.#followed.delete(log.generation);
    if (this.#rank) this.#wire?.leave(log.generation); // the socket knows
    log.forget(this.#storage);
    say();
    this.#rest();
  }

  #rest() {
    if (this.#followed.size) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#followed.size || this.#drop(), IDLE_MS);
    if (this.state !== "offline") this.#tell("idle");
  }

  #keep() {
    clearTimeout(this.#keeping);
    this.#keeping = null;
    for (const { log } of this.#followed.values()) log.keep(this.#storage);
  }

  #wake() {
    if (this.state === "offline") this.#tell("idle");
    this.#drop();
    this.#delay = SHORTEST_MS;
    this.#connect();
  }

  #sleep() {
    this.#drop();
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#tell("offline");
  }

  /** A connection that said nothing for so long is none. */
  #look(silentMs) {
    if (!this.#followed.size || this.state === "offline") return;
    if (this.#retry && document.visibilityState === "visible" && silentMs < SILENT_MS) this.#connect();
    else if (this.#wire && Date.now() - this.#heard > silentMs) this.#wake();
  }

  #tell(state) {
    if (this.state === state) return;
    this.state = state;
    this.#onState(state);
  }
}
