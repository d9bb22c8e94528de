// How things stand between this page and the server: the badge, and what is told when nothing more can come.
import { say } from "../page/words.js";
import { showBadge } from "./badge.js";
import { notice } from "./notice.js";

const THIS_MACHINE = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export class Standing {
  #desk;
  #was = "idle";
  #cut = false; // the connection broke while something was followed

  constructor(desk) {
    this.#desk = desk;
  }

  /** state: of the stream's connection */
  change(state) {
    if (state === "live" && this.#cut) this.#desk.readiness.look(); // workers may have gone or come meanwhile
    this.#cut = state !== "live" && state !== "idle" && (this.#cut || this.#was === "live");
    this.#was = state;
    if (state === "signed_out") this.signedOut();
    else if (state === "outdated") notice(say("errors.outdated"), { retry: () => location.reload() });
    else this.draw();
  }

  draw() {
    const { following, drawing, asking } = this.#desk;
    showBadge(stateOf(following, drawing.goesOn, asking.unheard));
  }

  signedOut() {
    const login = () => location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    notice(say("errors.signed_out"), { retry: login, kind: "bad" });
  }
}

/** For the badge. goesOn: something is asked or written now; unheard: nobody knows whether the server has what was asked */
function stateOf({ state, unsaved }, goesOn, unheard) {
  const isCut = !navigator.onLine && !THIS_MACHINE.test(location.hostname);
  if (state === "offline" || (state === "idle" && isCut)) return "offline";
  if (goesOn) return state === "reconnecting" || unheard ? "reconnecting" : "live";
  return unsaved.size ? "saving" : "saved";
}
