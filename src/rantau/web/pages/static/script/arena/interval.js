// A share with its interval, on an axis from none to all.
import { h, shape } from "../page/dom.js";
import { say, share } from "../page/words.js";

const [HEIGHT, EDGE, LINE] = [112, 14, 52];

/** A drawing as wide as its place, so that its words have one size on every screen. */
export function interval(facts) {
  const place = h("div", { class: "drawn" });
  new ResizeObserver(() => place.replaceChildren(drawing(facts, Math.max(place.clientWidth, 240)))).observe(place);
  return place;
}

/** middle, low, high: shares; enough: the interval excludes one half; names: words for the two ends */
function drawing({ middle, low, high, enough, label, names = "arena.axis" }, width) {
  const open = enough ? "" : " open";
  const at = (value) => EDGE + (width - 2 * EDGE) * value;
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((value) => [
    shape("line", { class: value === 0.5 ? "even" : "axis", x1: at(value), x2: at(value), y1: value === 0.5 ? 34 : LINE - 5, y2: LINE + (value === 0.5 ? 18 : 5) }),
    text(share(value), at(value), LINE + 34, value === 0 ? "start" : value === 1 ? "end" : "middle"),
  ]);
  return shape("svg", { class: "interval", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label, direction: "ltr" },
    shape("line", { class: "axis", x1: at(0), x2: at(1), y1: LINE, y2: LINE }),
    ...ticks,
    shape("line", { class: `span${open}`, x1: at(low), x2: at(high), y1: LINE, y2: LINE }),
    shape("circle", { class: `point${open}`, cx: at(middle), cy: LINE, r: 8 }),
    text(share(middle), at(middle), 28, "middle", "value"),
    text(say(`${names}_low`), at(0), HEIGHT - 6, "start"),
    text(say(`${names}_high`), at(1), HEIGHT - 6, "end"));
}

function text(words, x, y, anchor, kind = "") {
  const made = shape("text", { x, y, "text-anchor": anchor, class: kind });
  made.textContent = words;
  return made;
}
