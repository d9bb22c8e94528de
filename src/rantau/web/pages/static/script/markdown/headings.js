// Headings: of hashes, and of a line of = or - below a title.
import { inline } from "./inline.js";
import { node } from "./node.js";

const HASHES = /^ {0,3}(#{1,6})(?=[ \t]|$)/;
const UNDERLINE = /^ {0,3}(?:={2,}|-{2,})[ \t]*$/;
const LONGEST = 120; // characters of a title: below a longer line, which is a paragraph, models write --- for a rule

export const beginsHeading = (line) => HASHES.test(line);

/** {node, next} of the heading that begins here. */
export function heading(lines, at, open) {
  const [marks, hashes] = HASHES.exec(lines[at]);
  let text = lines[at].slice(marks.length).trim();
  const closing = /(?:^|[ \t])#+$/.exec(text.slice(-64));
  if (closing) text = text.slice(0, text.length - closing[0].length).trimEnd();
  return { node: titled(hashes.length, text, open && at === lines.length - 1), next: at + 1 };
}

/** {node, next} of a line that the next one makes a title; null if it does not. open: that line may still become another */
export function underlined(lines, at, open) {
  const title = lines[at].trim();
  if (!UNDERLINE.test(lines[at + 1] ?? "") || title.length > LONGEST) return null;
  const next = at + 2;
  if (open && next === lines.length) return { node: node("p", inline(title, { open }), { dir: "auto" }), next };
  return { node: titled(lines[at + 1].includes("=") ? 1 : 2, title, false), next };
}

/** The page's own titles are h1 and h2. */
function titled(level, text, open) {
  return node(`h${Math.min(level + 2, 6)}`, inline(text, { open }), { dir: "auto" });
}
