// An answer that did not come, and what can be done about it.
import { h } from "../page/dom.js";
import { number, say } from "../page/words.js";
import { wordsOf } from "../page/errors.js";

const HOPELESS = new Set(["too_long", "bad_text", "poison", "model_gone"]); // trying again changes nothing
const CUT = { length: "answer.cut_length", stopped: "answer.cut_stopped" };

/** A note on why an answer ended, or null if it is whole. */
export function failureOf(desk, message, turn) {
  if (message.state === "failed") return failed(desk, message, turn);
  const words = CUT[message.reason];
  return words ? h("p", { class: "small soft", text: say(words) }) : null;
}

function failed(desk, message, turn) {
  const words = message.code === "too_long" ? tooLong(desk, message) : wordsOf({ code: message.code || "failed" });
  const parts = [h("p", { text: words })];
  if (turn.mode !== "blind" && !HOPELESS.has(message.code)) {
    parts.push(h("button", { type: "button", class: "button", text: say("answer.try_again"), on: { click: () => desk.regenerate(message) } }));
  }
  return h("div", { class: "note bad failure" }, parts);
}

function tooLong(desk, message) {
  const most = desk.model(message.model)?.context;
  if (!message.prompt_tokens || !most) return say("errors.too_long");
  return say("errors.too_long_tokens", { n: number(message.prompt_tokens), most: number(most) });
}
