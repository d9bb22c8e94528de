// What can be done with an answer.
import { h, icon, iconButton } from "../page/dom.js";
import { say } from "../page/words.js";

const CAN_GO_ON = new Set(["length", "stopped", "error"]);

/** The row of buttons below an answer that has ended; null if there is nothing to do. */
export function toolsOf(desk, message, turn, feedback) {
  const made = [...versionsOf(desk, turn.versions, message)];
  if (message.text) made.push(iconButton("copy", say("answer.copy"), (event) => desk.copy(message.text, event.currentTarget)));
  if (turn.mode !== "blind" && message.state !== "failed") made.push(iconButton("again", say("answer.again"), () => desk.regenerate(message)));
  if (turn.mode !== "blind" && CAN_GO_ON.has(message.reason) && message.text) {
    made.push(h("button", { type: "button", class: "quiet", on: { click: () => desk.goOn(message) } }, icon("onward"), h("span", { text: say("answer.go_on") })));
  }
  if (message.text) made.push(...feedback);
  return made.length ? h("div", { class: "tools" }, made) : null;
}

/** Arrows between alternatives; nothing where there is only one. */
export function versionsOf(desk, versions, message) {
  if (versions.length < 2) return [];
  const at = versions.findIndex((version) => version.id === message.id);
  const arrow = (drawing, label, to) => iconButton(drawing, label, () => desk.choose(versions[to]), { disabled: !versions[to] });
  return [h("span", { class: "versions", role: "group", "aria-label": say("answer.versions") },
    arrow("before", say("answer.before"), at - 1),
    h("span", { text: say("answer.version", { at: at + 1, n: versions.length }) }),
    arrow("after", say("answer.after"), at + 1))];
}
