// Text inside a block: emphasis, code, links. Linear in the length of the text, whatever it holds.
import { lex } from "./lexer.js";
import { node } from "./node.js";

const DEEPEST = 32; // emphasis inside emphasis; beyond it a marker is a character

/** Nodes of a run of text. open: it is still being written, so a marker that waits for its pair is not shown. */
export function inline(text, { open = false } = {}) {
  const reading = lex(text, open);
  return nodes(reading, 0, reading.tokens.length, open);
}

function nodes(reading, from, to, open) {
  const stack = [{ char: "", length: 0, children: [] }];
  for (let place = from; place < to; place++) {
    const token = reading.tokens[place];
    const link = token.kind === "[" ? reading.links.get(place) : undefined;
    if (link && link.close <= to) {
      putLink(reading, place, link, stack.at(-1).children, open);
      place = link.close;
    } else put(stack, token, open);
  }
  return closed(stack, open);
}

function putLink(reading, place, { close, address }, children, open) {
  const inside = nodes(reading, place + 1, close, open && close === reading.tokens.length);
  const shown = inside.length || !address ? inside : [address];
  children.push(...(address ? [node("a", flat(shown), { href: address })] : shown));
}

/** Links hold no links: of a picture inside a link its text stays. */
function flat(children) {
  return children.flatMap((child) => (child.tag === "a" ? flat(child.children) : [child]));
}

function put(stack, token, open) {
  const { children } = stack.at(-1);
  if (token.kind === "text" || token.kind === "node") children.push(token.value);
  else if (token.kind === "[") children.push(token.image ? "![" : "[");
  else if (token.kind === "]") children.push("]");
  else if (token.kind !== "held") mark(stack, token, open);
}

function mark(stack, token, open) {
  const length = token.closes ? close(stack, token, token.length) : token.length;
  if (!length) return;
  if (token.opens && stack.length < DEEPEST) stack.push({ char: token.kind, token, length, children: [], inWord: token.inWord });
  else if (!(open && token.last && !token.closes)) stack.at(-1).children.push(token.kind.repeat(length));
}

/** Gives what stands after the nearest marker of the kind its mark. Returns   how much of the marker is left */
function close(stack, token, length) {
  const char = token.kind;
  let left = length;
  let place = lastOf(stack, token);
  while (left && place > 0 && stack[place].children.length + stack.length - 1 - place) {
    while (stack.length - 1 > place) spill(stack);
    const frame = stack[place];
    const used = Math.min(left, frame.length, 2);
    const tag = char === "~" ? "del" : used === 2 ? "strong" : "em";
    frame.children = [node(tag, joined(frame.children))];
    frame.length -= used;
    left -= used;
    if (!frame.length) spill(stack);
    place = lastOf(stack, token);
  }
  return left;
}

function lastOf(stack, closer) {
  return stack.findLastIndex((frame) => frame.char === closer.kind && pairs(frame.token, closer));
}

/** The rule of three: a marker that may open and close does not pair where the lengths would not come out even. */
function pairs(opener, closer) {
  const even = (opener.length + closer.length) % 3 !== 0 || (opener.length % 3 === 0 && closer.length % 3 === 0);
  return even || !(opener.closes || closer.opens);
}

/** A marker that found no pair is text. */
function spill(stack) {
  const { char, length, children } = stack.pop();
  stack.at(-1).children.push(char.repeat(length), ...children);
}

function closed(stack, open) {
  while (stack.length > 1) {
    const { token, length, children, inWord } = stack.at(-1);
    const waits = open && !inWord && length <= 3;
    if (waits && children.length) close(stack, { ...token, opens: false, closes: true }, length);
    else if (waits) stack.pop();
    else spill(stack);
  }
  return joined(stack[0].children);
}

function joined(children) {
  const out = [];
  for (const child of children) {
    if (child === "") continue;
    if (typeof child === "string" && typeof out.at(-1) === "string") out[out.length - 1] += child;
    else out.push(child);
  }
  return out;
}
