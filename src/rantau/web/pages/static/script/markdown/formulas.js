// Formulas in the writing of LaTeX: they are not set, but shown as they were written, and nothing in them marks.
import { node } from "./node.js";

const CLOSERS = { "\\(": "\\)", "\\[": "\\]", $$: "$$" };
const BLOCK = /^ {0,3}(\\\[|\$\$)/;
const MOST_LINES = 50; // of a block without an end
const WORD = /[\p{L}\p{N}]/u;
const PRICE = /^[\d.,]+(?:[^\S\n]|[-–][^\S\n]*)\p{L}{2}/u; // $5 for this and $6 for that

const shown = (text) => node("code", [text], { class: "math" });

/** The formula that begins here in a line: {node, length}, or null. What was not closed so far is not looked for again. */
export function formula({ text, open, missing }, at) {
  const two = text.slice(at, at + 2);
  const closer = CLOSERS[two];
  if (!closer) return text[at] === "$" ? betweenDollars(text, at) : null;
  const end = missing.has(closer) ? -1 : text.indexOf(closer, at + 2);
  if (end < 0) missing.add(closer);
  if (end < 0 && !(open && at + 2 < text.length)) return null;
  const length = end < 0 ? text.length - at : end + 2 - at;
  return length > 4 || end < 0 ? { node: shown(text.slice(at, at + length)), length } : null;
}

/** As pandoc has it, so that sums of money are none: no space inside the signs, no digit behind them, one line. */
function betweenDollars(text, at) {
  const end = text.indexOf("$", at + 1);
  const inside = text.slice(at + 1, end);
  if (end < at + 2 || /^\s|[\s\\]$|\n/.test(inside) || WORD.test(text[at - 1] ?? " ")) return null;
  if (/\d/.test(text[end + 1] ?? " ") || PRICE.test(inside)) return null;
  return { node: shown(text.slice(at, end + 1)), length: end + 1 - at };
}

/** Does a formula with lines of its own begin here? */
export const beginsFormula = (line) => BLOCK.test(line);

/** {node, next} of the formula that begins in this line, or null if no line ends it. open: more may come */
export function formulaBlock(lines, at, open) {
  const found = BLOCK.exec(lines[at]);
  if (!found) return null;
  const closer = CLOSERS[found[1]];
  const end = endOf(lines, at, found[0].length, closer);
  const waits = end === null && open && lines.length - at <= MOST_LINES;
  if (end === null && !waits) return null;
  const next = end === null ? lines.length : end + 1;
  const inside = lines.slice(at, next).map((line) => line.trimEnd()).join("\n");
  return { node: node("pre", [shown(inside)], { tabindex: "0", dir: "ltr" }), next };
}

/** The line at whose end it closes; null if there is none, or if something else stands behind it. */
function endOf(lines, at, from, closer) {
  const last = Math.min(lines.length, at + MOST_LINES);
  for (let n = at; n < last; n++) {
    const line = n === at ? lines[n].slice(from) : lines[n];
    const place = line.indexOf(closer);
    if (place >= 0) return /[^\s.,;:]/.test(line.slice(place + 2)) ? null : n;
  }
  return null;
}
