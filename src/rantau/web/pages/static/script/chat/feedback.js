// Thumbs, and why.
import { ask } from "../page/api.js";
import { h, iconButton, told } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";

export const REASONS = ["fluency", "correct", "on_topic", "right_language"];

/** A row of reasons to choose from. chosen: a set that is kept up to date */
export function reasonChips(chosen) {
  const chip = (reason) => {
    const button = h("button", { type: "button", class: "chip", "aria-pressed": String(chosen.has(reason)), text: say(`reasons.${reason}`) });
    button.addEventListener("click", () => {
      if (!chosen.delete(reason)) chosen.add(reason);
      button.setAttribute("aria-pressed", String(chosen.has(reason)));
    });
    return button;
  };
  return h("div", { class: "chips", role: "group", "aria-label": say("reasons.label") }, REASONS.map(chip));
}

/** Who else may read what a person says of an answer; nobody, in a chat of one person. */
export function readersOf(key) {
  return told("people") === "many" ? h("p", { class: "hint", text: say(key) }) : null;
}

/** Two buttons. place: below them, where reasons are asked for; changed: told the message's new feedback */
export function feedbackOf(message, place, changed) {
  const address = `/api/messages/${message.id}/feedback`;
  const send = async (value, reasons = [], comment = "") => {
    try {
      if (value) await ask("PUT", address, { value, reasons, comment });
      else await ask("DELETE", address);
      changed(value ? { value, reasons, comment } : null);
      return true;
    } catch (error) {
      toast(wordsOf(error));
      return false;
    }
  };
  const thumb = (value, drawing, label) => {
    const pressed = message.feedback?.value === value;
    const click = async () => {
      if (!(await send(pressed ? 0 : value))) return;
      if (pressed) place.replaceChildren();
      else askWhy(value);
    };
    return iconButton(drawing, label, click, { "aria-pressed": String(pressed) });
  };
  const askWhy = (value) => place.replaceChildren(question(value, message.feedback, send, () => place.replaceChildren()));
  return [thumb(1, "up", say("answer.good")), thumb(-1, "down", say("answer.bad"))];
}

function question(value, known, send, close) {
  const chosen = new Set(known?.reasons ?? []);
  const comment = h("input", { maxlength: "500", dir: "auto", "aria-label": say("feedback.comment"), placeholder: say("feedback.comment") });
  const done = async () => {
    if (await send(value, [...chosen], comment.value.trim())) {
      close();
      toast(say("feedback.thanks"));
    }
  };
  return h("div", { class: "judge" },
    h("p", { class: "label", text: say(value > 0 ? "feedback.why_good" : "feedback.why_bad") }),
    reasonChips(chosen), comment, readersOf("feedback.readers"),
    h("div", { class: "row" },
      h("button", { type: "button", class: "button main", text: say("feedback.send"), on: { click: done } }),
      h("button", { type: "button", class: "button", text: say("feedback.skip"), on: { click: close } })));
}
