// Before the first message: what can be done here, and something to begin with.
import { find, h, shape } from "../page/dom.js";
import { say } from "../page/words.js";

export const MODES = ["single", "compare", "blind"];
const STARTERS = ["one", "two", "three", "four"];

const bar = (kind, x, y, width) => shape("rect", { class: kind, x, y, width, height: 5 });
const DRAWINGS = {
  single: () => [bar("q", 4, 6, 62), bar("a", 4, 22, 110), bar("a", 4, 33, 118), bar("a", 4, 44, 74)],
  compare: () => [bar("q", 4, 6, 62), bar("b", 4, 22, 52), bar("b", 4, 33, 56), bar("b", 4, 44, 30), bar("a", 70, 22, 56), bar("a", 70, 33, 50), bar("a", 70, 44, 42)],
  blind: () => [bar("q", 4, 6, 62), sealed(4, "A"), sealed(70, "B")],
};

function sealed(x, letter) {
  const name = shape("text", { x: x + 28, y: 41 });
  name.textContent = letter;
  return shape("g", {}, shape("rect", { class: "s", x, y: 22, width: 56, height: 29 }), name);
}

export class Start {
  constructor(desk) {
    this.root = find("#start");
    this.modes = find("#modes");
    this.starters = find("#starters");
    for (const mode of MODES) this.modes.append(card(mode, () => desk.useMode(mode)));
    for (const starter of STARTERS) {
      const text = say(`starters.${starter}`);
      this.starters.append(h("li", {}, h("button", { type: "button", text, on: { click: () => desk.write(text) } })));
    }
  }

  show({ mode, pair, shown }) {
    this.root.hidden = !shown;
    this.modes.hidden = !pair;
    const input = find(`input[value="${mode}"]`, this.modes);
    if (input) input.checked = true;
  }
}

function card(mode, choose) {
  const input = h("input", { type: "radio", name: "mode", value: mode, on: { change: choose } });
  const drawing = shape("svg", { viewBox: "0 0 130 56", class: "drawing", "aria-hidden": "true", preserveAspectRatio: "xMinYMid meet" }, ...DRAWINGS[mode]());
  return h("label", { class: "mode" }, input, drawing, h("b", { text: say(`modes.${mode}`) }), h("span", { text: say(`modes.${mode}_hint`) }));
}
