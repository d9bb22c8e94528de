// Tables of pipes.
import { directionOf } from "./direction.js";
import { inline } from "./inline.js";
import { node } from "./node.js";

const MOST_COLUMNS = 32;
const DELIMITER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** Is this line the head of a table? The next one has to say so. */
export function isTable(lines, at) {
  const rule = lines[at + 1];
  if (!lines[at].includes("|") || !rule?.includes("-") || rule.length > 1000 || !DELIMITER.test(rule)) return false;
  const wide = cells(rule).length;
  return wide <= MOST_COLUMNS && (wide > 1 || rule.includes("|")) && cells(lines[at]).length === wide;
}

export function table(lines, at, { open, isEnd }) {
  const sides = cells(lines[at + 1]).map(sideOf);
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim() && !isEnd(lines, end)) end++;
  const rows = lines.slice(at + 2, end).map((line, n) => row(line, sides, "td", open && at + 2 + n === lines.length - 1));
  const head = node("thead", [row(lines[at], sides, "th", false)]);
  return { node: wrapped([head, ...(rows.length ? [node("tbody", rows)] : [])]), next: end };
}

/** A head of which the rule below it has not come yet. */
export function header(line) {
  return wrapped([node("thead", [row(line, cells(line).slice(0, MOST_COLUMNS).map(() => ""), "th", true)])]);
}

const wrapped = (children) => node("div", [node("table", children, { dir: directionOf(children) })], { class: "scroll", tabindex: "0" });

function row(line, sides, tag, open) {
  const texts = cells(line);
  const scope = tag === "th" ? { scope: "col" } : {};
  const made = sides.map((side, n) => {
    const place = side ? { class: side } : {};
    return node(tag, inline(texts[n] ?? "", { open: open && n === texts.length - 1 }), { dir: "auto", ...scope, ...place });
  });
  return node("tr", made);
}

function cells(line) {
  const text = line.trim();
  const found = [""];
  for (let at = text.startsWith("|") ? 1 : 0; at < text.length; at++) {
    if (text[at] === "\\" && text[at + 1] === "|") {
      found[found.length - 1] += "|";
      at++;
    } else if (text[at] === "|") found.push("");
    else found[found.length - 1] += text[at];
  }
  if (text.endsWith("|") && found.length > 1 && found.at(-1) === "") found.pop();
  return found.map((cell) => cell.trim());
}

function sideOf(rule) {
  const text = rule.trim();
  if (text.endsWith(":")) return text.startsWith(":") ? "middle" : "end";
  return "";
}
