// The text inside a block, cut into what may be marked and what may mark.
import { formula } from "./formulas.js";
import { bareAddress, safeAddress, target } from "./links.js";
import { node } from "./node.js";

const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ANGLE = /<((?:https?:\/\/|mailto:)[^\s<>\u0000-\u0020\u007f]{1,2048})>/iy;
const BREAK = /<br[ \t]{0,8}\/?>/iy;
const PLAIN = /[^\\`*_~[\]!<&hHwW$\n]+/y;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/iy;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const WORD = /[\p{L}\p{N}]/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
/** Letters of writing that sets no space between words: a marker beside one may open or close there. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hangul}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}]/u;

/** tokens: {kind, value?}; links: place of the bracket that opens one -> {close, address}. */
export function lex(text, open) {
  const reading = { text, open, tokens: [], links: new Map(), waiting: [], closers: backticks(text), missing: new Set() };
  let at = 0;
  while (at < text.length) at = next(reading, at);
  const last = reading.waiting.at(-1);
  if (open && last !== undefined) reading.links.set(last, { close: reading.tokens.length, address: null });
  return reading;
}

function next(reading, at) {
  const { text, tokens } = reading;
  const char = text[at];
  const put = (token, length) => (tokens.push(token), at + length);
  const math = char === "\\" || char === "$" ? formula(reading, at) : null;
  if (math) return put({ kind: "node", value: math.node }, math.length);
  if (char === "\\") return escaped(text, at, put);
  if (char === "`") return code(reading, at, put);
  if (char === "*" || char === "_" || char === "~") return marker(text, at, put);
  if (char === "[" || (char === "!" && text[at + 1] === "[")) return bracket(reading, char === "!", put);
  if (char === "]") return closing(reading, at, put);
  if (char === "\n") return put({ kind: "node", value: node("br") }, 1);
  if (char === "<") return angle(text, at, put);
  if (char === "&") return entity(text, at, put);
  const found = "hHwW".includes(char) ? bareAddress(text, at) : null;
  if (found) return put({ kind: "node", value: link(found.shown, found.address) }, found.shown.length);
  const plain = match(PLAIN, text, at) ?? char;
  return put({ kind: "text", value: plain }, plain.length);
}

const link = (shown, address = shown) => node("a", [shown], { href: safeAddress(address) });

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function escaped(text, at, put) {
  const after = text[at + 1];
  if (after === "\n") return put({ kind: "node", value: node("br") }, 2);
  return after && ESCAPABLE.test(after) ? put({ kind: "text", value: after }, 2) : put({ kind: "text", value: "\\" }, 1);
}

function bracket(reading, image, put) {
  reading.waiting.push(reading.tokens.length);
  return put({ kind: "[", image }, image ? 2 : 1);
}

/** A link holds no link: once one is closed, the brackets before it only stand for themselves. */
function closing(reading, at, put) {
  const opener = reading.waiting.pop();
  const found = opener === undefined ? null : target(reading.text, at + 1, reading.open);
  if (!found) return put({ kind: "text", value: "]" }, 1);
  reading.links.set(opener, { close: reading.tokens.length, address: found.address });
  if (!reading.tokens[opener].image) reading.waiting = [];
  return put({ kind: "]" }, found.until - at);
}

/** Where runs of each number of backticks begin, in order. */
function backticks(text) {
  const found = new Map();
  for (const run of text.matchAll(/`+/g)) {
    const places = found.get(run[0].length) ?? { list: [], from: 0 };
    places.list.push(run.index);
    found.set(run[0].length, places);
  }
  return found;
}

function code({ text, open, closers }, at, put) {
  let length = 1;
  while (text[at + length] === "`") length++;
  const places = closers.get(length) ?? { list: [], from: 0 }; // after a backslash a run is shorter than it was
  while (places.from < places.list.length && places.list[places.from] <= at) places.from++;
  const end = places.list[places.from];
  if (end === undefined && !open) return put({ kind: "text", value: "`".repeat(length) }, length);
  if (end === undefined && at + length === text.length) return put({ kind: "held" }, length);
  const inside = text.slice(at + length, end).replaceAll("\n", " ");
  const padded = inside.length > 1 && inside.startsWith(" ") && inside.endsWith(" ") && inside.trim() !== "";
  const value = node("code", [padded ? inside.slice(1, -1) : inside]);
  return put({ kind: "node", value }, end === undefined ? text.length - at : end + length - at);
}

function marker(text, at, put) {
  const kind = text[at];
  let length = 1;
  while (text[at + length] === kind) length++;
  const before = text[at - 1] ?? " ";
  const after = text[at + length] ?? " ";
  const inWord = WORD.test(before) && WORD.test(after);
  const counts = kind === "~" ? length === 2 : kind === "*" || !inWord;
  const last = at + length === text.length;
  return put({ kind, length, opens: counts && flanks(after, before), closes: counts && flanks(before, after), inWord, last }, length);
}

function flanks(inner, outer) {
  if (/\s/.test(inner)) return false;
  return !PUNCTUATION.test(inner) || /\s/.test(outer) || PUNCTUATION.test(outer) || UNSPACED.test(outer);
}

/** A character by its name or number; what names none stands for itself. */
function entity(text, at, put) {
  ENTITY.lastIndex = at;
  const found = ENTITY.exec(text);
  if (!found) return put({ kind: "text", value: "&" }, 1);
  const [whole, decimal, hexadecimal, name] = found;
  const value = name ? NAMED[name.toLowerCase()] : character(decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hexadecimal, 16));
  return put({ kind: "text", value }, whole.length);
}

function character(code) {
  const isOne = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return String.fromCodePoint(isOne ? code : 0xfffd);
}

function angle(text, at, put) {
  ANGLE.lastIndex = at;
  const found = ANGLE.exec(text);
  if (found && safeAddress(found[1])) return put({ kind: "node", value: link(found[1]) }, found[0].length);
  const broken = match(BREAK, text, at);
  return broken ? put({ kind: "node", value: node("br") }, broken.length) : put({ kind: "text", value: "<" }, 1);
}
