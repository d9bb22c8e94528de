// Lines into blocks: paragraphs, headings, lists, quotes, tables, code.
import { directionOf } from "./direction.js";
import { beginsFormula, formulaBlock } from "./formulas.js";
import { beginsHeading, heading, underlined } from "./headings.js";
import { inline } from "./inline.js";
import { node } from "./node.js";
import { header, isTable, table } from "./tables.js";

const DEEPEST = 8; // lists and quotes inside one another; deeper ones are paragraphs
const FENCE = /^ {0,3}(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:([ \t]{1,4})(?=\S)|[ \t]*$)/;
const INNER_ITEM = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]/;
const TASK = /^\[([ xX])\][ \t]+(?=\S)/;
const NESTED = 2; // columns further in from which on an item belongs to the one before, as models write it
const TAB = 4;

/** Blocks of lines: {node, from} with the first line of each. open: the last one is still being written. */
export function blocks(lines, { open = false, labels = {}, depth = 0 } = {}) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const block = read(lines, at, { open, labels, depth });
    found.push({ node: block.node, from: at });
    at = block.next;
  }
  return found;
}

function read(lines, at, options) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence[1] ?? fence[3], fence[2] ?? fence[4], options);
  const math = formulaBlock(lines, at, options.open);
  if (math) return math;
  if (options.open && at === lines.length - 1 && isMark(line.trim())) return paragraph(lines, at, options);
  if (beginsHeading(line)) return heading(lines, at, options.open);
  if (RULE.test(line)) return { node: node("hr"), next: at + 1 };
  if (options.depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, options);
  if (options.depth < DEEPEST && ITEM.test(line)) return list(lines, at, options);
  if (isTable(lines, at)) return table(lines, at, { open: options.open, isEnd: starts });
  return underlined(lines, at, options.open) ?? paragraph(lines, at, options);
}

const isLast = (lines, next, { open }) => open && next >= lines.length;

function code(lines, at, marks, info, { labels, open }) {
  const indent = /^ */.exec(lines[at])[0].length;
  const close = new RegExp(`^ {0,3}\\${marks[0]}{${marks.length},}[ \\t]*$`);
  let end = at + 1;
  while (end < lines.length && !close.test(lines[end])) end++;
  const held = open && end === lines.length && end - 1 > at && isPartOf(marks, lines[end - 1]) ? 1 : 0;
  const inside = lines.slice(at + 1, end - held).map((line) => line.slice(Math.min(indent, /^ */.exec(line)[0].length)));
  const name = info.trim().split(/\s/)[0].slice(0, 24);
  const head = node("div", [node("span", [name]), node("button", [labels.copy ?? "Copy"], { type: "button", "data-copy": "" })], { class: "code-head" });
  const body = node("pre", [node("code", [inside.join("\n")])], { tabindex: "0", dir: "ltr" });
  return { node: node("div", [head, body], { class: "code" }), next: Math.min(end + 1, lines.length) };
}

/** A line that may become the closing fence. */
function isPartOf(marks, line) {
  const text = line.trim();
  return text !== "" && marks.startsWith(text);
}

function quote(lines, at, options) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end++;
  const inside = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  const children = blocks(inside, { ...options, open: isLast(lines, end, options), depth: options.depth + 1 }).map((b) => b.node);
  return { node: node("blockquote", children, { dir: directionOf(children) }), next: end };
}

function list(lines, at, options) {
  const [, , first] = ITEM.exec(lines[at]);
  const kind = kindOf(first);
  const items = [];
  let next = at;
  while (next < lines.length) {
    const found = ITEM.exec(lines[next]);
    if (!found || kindOf(found[2]) !== kind || RULE.test(lines[next])) break;
    const item = itemAt(lines, next, found);
    items.push({ lines: item.lines, last: item.next >= lines.length });
    next = item.next;
  }
  const children = items.map((item) => itemNode(item, options));
  const start = /^\d/.test(first) ? Number.parseInt(first, 10) : 1;
  const dir = directionOf(children);
  return { node: /^[-*+]$/.test(kind) ? node("ul", children, { dir }) : node("ol", children, { start: String(start), dir }), next };
}

const kindOf = (marker) => (/^\d/.test(marker) ? marker.at(-1) : marker);

/** Lines of one item without its indent, and the line after it. */
function itemAt(lines, at, [whole, indent, marker, space]) {
  const width = indent.length + marker.length + (space?.length ?? 1);
  const taken = [lines[at].slice(whole.length)];
  let next = at + 1;
  let blank = false;
  for (; next < lines.length; next++) {
    const line = lines[next];
    const columns = columnsOf(line);
    if (!line.trim()) blank = true;
    else if (columns >= width || (columns >= indent.length + NESTED && INNER_ITEM.test(line))) blank = false;
    else if (blank || ITEM.test(line) || starts(lines, next)) break;
    taken.push(outdented(line, width));
  }
  while (taken.length > 1 && !taken.at(-1).trim()) taken.pop();
  return { lines: taken, next };
}

/** How far in a line begins. */
function columnsOf(line) {
  let columns = 0;
  for (const char of /^[ \t]*/.exec(line)[0]) columns += char === "\t" ? TAB - (columns % TAB) : 1;
  return columns;
}

/** The line without so many columns of its indent, or all of it; of a tab the rest stays as spaces. */
function outdented(line, width) {
  let [at, columns] = [0, 0];
  while (columns < width && (line[at] === " " || line[at] === "\t")) {
    columns += line[at] === "\t" ? TAB - (columns % TAB) : 1;
    at++;
  }
  return " ".repeat(Math.max(columns - width, 0)) + line.slice(at);
}

function itemNode(item, options) {
  const [first, ...rest] = item.lines;
  const task = first.replace(TASK, (_, done) => (done === " " ? "\u2610 " : "\u2611 "));
  const inside = blocks([task, ...rest], { ...options, open: options.open && item.last, depth: options.depth + 1 });
  const children = inside.map((b) => b.node);
  const tight = children[0]?.tag === "p" ? [...children[0].children, ...children.slice(1)] : children;
  return node("li", tight);
}

/** Does a block begin here that ends a paragraph? */
function starts(lines, at) {
  const line = lines[at];
  return FENCE.test(line) || beginsHeading(line) || RULE.test(line) || QUOTE.test(line) || beginsFormula(line) || isTable(lines, at);
}

const beginsList = (line) => {
  const found = ITEM.exec(line);
  return found !== null && found[3] !== undefined && (!/^\d/.test(found[2]) || Number.parseInt(found[2], 10) === 1);
};

function paragraph(lines, at, options) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !starts(lines, end) && !beginsList(lines[end])) end++;
  const last = isLast(lines, end, options);
  if (last && end === at + 1 && /^ {0,3}\|/.test(lines[at])) return { node: header(lines[at]), next: end };
  const text = lines.slice(at, end).map((line) => line.trim());
  if (last && isMark(text.at(-1))) text.pop();
  return { node: node("p", inline(text.join("\n"), { open: last }), { dir: "auto" }), next: end };
}

/** A last line that is only the beginning of a marker says nothing yet. */
const isMark = (line) => /^(?:#{1,6}|[-*_]{1,2}|=|`{1,2}|~{1,2}|\d{1,9}[.)]?|[+>])$/.test(line);
