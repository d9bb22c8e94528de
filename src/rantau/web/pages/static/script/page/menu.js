// A button that opens a list of actions beside it, above everything else.
import { h, icon, iconButton } from "./dom.js";

const GAP = 4;

/** items: makes [{icon, text, run, danger?}, or {icon, text, href, download?}] each time it is opened */
export function menuButton(label, drawing, items) {
  const place = h("div", { class: "menu-place" });
  const button = iconButton(drawing, label, () => (list ? close(true) : open()), { "aria-expanded": "false", "aria-haspopup": "true" });
  let list = null;
  const close = (back = false) => {
    list?.remove();
    list = null;
    button.setAttribute("aria-expanded", "false");
    for (const [event, how] of heard) removeEventListener(event, how, true);
    if (back) button.focus();
  };
  const follow = () => list && putBeside(list, button); // the keys of a phone go, and the window grows
  const outside = (event) => !place.contains(event.target) && close();
  const heard = [["pointerdown", outside], ["scroll", follow], ["resize", follow]];
  const open = () => {
    list = h("div", { class: "menu", role: "group", "aria-label": label, popover: "manual" }, items().map((item) => entry(item, close)));
    place.append(list);
    list.showPopover();
    putBeside(list, button);
    button.setAttribute("aria-expanded", "true");
    list.firstElementChild?.focus({ preventScroll: true });
    for (const [event, how] of heard) addEventListener(event, how, true);
  };
  place.addEventListener("keydown", (event) => list && steer(event, list, close));
  place.addEventListener("focusout", (event) => event.relatedTarget && outside({ target: event.relatedTarget }));
  place.append(button);
  return place;
}

/** Below the button, or above it where there is no room; its end at the button's end. */
function putBeside(list, button) {
  const [at, size] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
  const below = at.bottom + GAP + size.height <= innerHeight;
  const top = below ? at.bottom + GAP : Math.max(at.top - GAP - size.height, GAP);
  const left = getComputedStyle(button).direction === "rtl" ? at.left : at.right - size.width;
  list.style.top = `${top}px`;
  list.style.left = `${Math.min(Math.max(left, GAP), innerWidth - size.width - GAP)}px`;
}

function entry(item, close) {
  const kind = item.danger ? "danger" : "";
  const inside = [icon(item.icon), h("span", { text: item.text })];
  if (item.href) return h("a", { href: item.href, class: kind, download: item.download ?? null, on: { click: () => setTimeout(close) } }, inside);
  const run = () => {
    close(true);
    item.run();
  };
  return h("button", { type: "button", class: kind, on: { click: run } }, inside);
}

function steer(event, list, close) {
  const entries = [...list.children];
  const at = entries.indexOf(document.activeElement);
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 };
  if (event.key === "Escape") {
    event.stopPropagation();
    close(true);
  } else if (event.key in steps) {
    event.preventDefault();
    entries.at(steps[event.key] % entries.length).focus();
  }
}
