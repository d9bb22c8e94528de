// A refusal above the composer, with a countdown where waiting helps.
import { find, h } from "../page/dom.js";
import { say } from "../page/words.js";

let timer = null;

/** text; retryS: seconds until `retry` may be pressed; closed: called when a person closes it */
export function notice(text, { retryS = null, retry = null, closed = () => {}, kind = "" } = {}) {
  const place = find("#notice");
  clearInterval(timer);
  const count = h("span", { class: "number" });
  const button = retry && h("button", { type: "button", class: "button", text: say("notice.retry"), on: { click: () => (dropNotice(), retry()) } });
  const close = h("button", { type: "button", class: "quiet", text: say("notice.close"), on: { click: () => (dropNotice(), closed()) } });
  place.replaceChildren(h("div", { class: `note notice ${kind}` }, h("p", {}, `${text} `, count), button, close));
  if (retryS) countDown(Math.ceil(retryS), count, button);
}

export function dropNotice() {
  clearInterval(timer);
  find("#notice").replaceChildren();
}

/** The numbers are for eyes; a screen reader hears the notice once. */
function countDown(seconds, count, button) {
  const until = Date.now() + seconds * 1000;
  count.setAttribute("aria-hidden", "true");
  const tick = () => {
    const left = Math.max(Math.ceil((until - Date.now()) / 1000), 0);
    count.textContent = left ? say("notice.wait", { n: left }) : say("notice.now");
    if (button) button.disabled = left > 0;
    if (!left) clearInterval(timer);
  };
  timer = setInterval(tick, 500);
  tick();
}
