// The way that a block with blocks inside runs: the browser's "auto" looks at no text that has a way of its own.
const STRONG = /\p{L}/u;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** "rtl" or "ltr", as the first letter of the nodes is written; code does not count. */
export const directionOf = (children) => (RIGHT_TO_LEFT.test(firstLetter(children)) ? "rtl" : "ltr");

function firstLetter(children) {
  for (const child of children) {
    const found = typeof child === "string" ? (STRONG.exec(child)?.[0] ?? "") : isCode(child) ? "" : firstLetter(child.children);
    if (found) return found;
  }
  return "";
}

const isCode = ({ tag, attributes }) => tag === "code" || attributes.class === "code";
