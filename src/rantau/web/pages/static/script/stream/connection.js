// The connection: which way it takes, when it is tried again, and when one that says nothing is none.
import { EventsWire } from "./events.js";
import { PollWire } from "./poll.js";
import { SocketWire } from "./socket.js";

const WIRES = [SocketWire, EventsWire, PollWire];
const FAILURES = 2; // of one way in a row, before the next one is tried
const PROVEN = 6; // of one that has worked: more likely the server is away than the way is closed
const SHORTEST_MS = 500;
const LONGEST_MS = 10_000;
const SILENT_MS = 40_000; // the server speaks every 15 s
const IDLE_MS = 20_000; // a connection that follows nothing is given up
const UPGRADE_MS = 300_000; // then the first way is tried again
const LOOK_MS = 5000;
const CODES = { signed_out: 4401, origin: 4403, version: 4409, busy: 4429, restart: 1012 };
const FINAL = new Set(["signed_out", "outdated"]);

/** A browser that has no network says so, and yet this very machine can be reached: it is a hint, and no reason to wait. */
const lostState = () => (navigator.onLine ? "reconnecting" : "offline");

export class Connection {
  state = "idle";
  #on;
  #wire = null;
  #open = false;
  #wanted = false;
  #rank = 0;
  #proven = new Set();
  #demoted = 0;
  #failures = 0;
  #delay = SHORTEST_MS;
  #retry = null;
  #idle = null;
  #heard = 0;

  /** on: {state(name), opened(), frame(frame)}; after `opened` all has to be asked for that is followed */
  constructor(on) {
    this.#on = on;
    for (const event of ["online", "offline"]) addEventListener(event, () => this.#again());
    addEventListener("pageshow", (event) => event.persisted && this.#again());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#look(SILENT_MS / 2));
    setInterval(() => this.#look(SILENT_MS), LOOK_MS);
  }

  get way() {
    return WIRES[this.#rank].kind;
  }

  /** What can be asked through; null while nothing can. */
  get wire() {
    return this.#open ? this.#wire : null;
  }

  /** There is something to follow. */
  want() {
    this.#wanted = true;
    clearTimeout(this.#idle);
    if (!this.#wire && !this.#retry) this.#connect();
  }

  /** There is nothing to follow; what comes soon finds the connection as it was. */
  rest() {
    this.#wanted = false;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#drop(), IDLE_MS);
    this.#tell("idle");
  }

  #connect() {
    this.#drop();
    if (!this.#wanted || FINAL.has(this.state)) return;
    if (this.#rank && Date.now() - this.#demoted > UPGRADE_MS) this.#rank = 0;
    this.#tell(lostState());
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
      this.#proven.add(this.#rank);
      if (this.#wanted) this.#tell("live");
    }
    if (this.#open || !again) return;
    this.#open = true;
    this.#on.opened();
  }

  #lost(code) {
    const opened = this.state === "live" && this.#open;
    this.#drop();
    if (code === CODES.signed_out) return this.#tell("signed_out");
    if (code === CODES.version) return this.#tell("outdated");
    if (!this.#wanted) return this.#tell("idle");
    if (!opened && navigator.onLine) this.#failed(code === CODES.origin ? PROVEN : 1);
    this.#tell(lostState());
    this.#retry = setTimeout(() => this.#connect(), this.#wait(code));
    return undefined;
  }

  #failed(times) {
    this.#failures += times;
    if (this.#failures < (this.#proven.has(this.#rank) ? PROVEN : FAILURES)) return;
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
    clearTimeout(this.#retry);
    this.#wire?.close();
    this.#retry = this.#wire = null;
    this.#open = false;
  }

  #frame(frame) {
    this.#heard = Date.now();
    const broken = frame.t === "err" && !frame.gen;
    if (this.#wanted) this.#tell(broken ? "reconnecting" : "live");
    if (!broken) this.#on.frame(frame);
  }

  #again() {
    this.#delay = SHORTEST_MS;
    this.#connect();
  }

  /** A connection that said nothing for so long is none. */
  #look(silentMs) {
    if (!this.#wanted) return;
    if (this.#retry && document.visibilityState === "visible" && silentMs < SILENT_MS) this.#connect();
    else if (this.#wire && Date.now() - this.#heard > silentMs) this.#again();
  }

  #tell(state) {
    if (this.state === state) return;
    this.state = state;
    this.#on.state(state);
  }
}
