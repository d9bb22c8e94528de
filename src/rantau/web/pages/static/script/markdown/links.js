// Addresses that a text may link to.

export const LONGEST = 2048;
const SCHEMES = new Set(["http:", "https:", "mailto:"]);
const HIDDEN = /[\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff\\]/;
const TARGET = /^[ \t\n]{0,8}(?:<([^<>\n]*)>|((?:[^\s()]|\([^\s()]*\))*))(?:[ \t\n]{1,8}(?:"[^"]*"|'[^']*'))?[ \t\n]{0,8}\)/;
const BARE = /(?:https?:\/\/|www\.)[^\s<>"'`\u0000-\u0020\u007f\u2018-\u201f\u2026\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff65]{1,2048}/iy;
const SITE = /^(?:https?:\/\/[a-z0-9.-]+|www\.(?:[a-z0-9-]+\.)+[a-z]{2,}(?![a-z0-9-]))(?::\d+)?(?=[^@]*$)/i; // a name of other letters needs marks around it
const PART = { https: /[\p{L}\p{N}]/u, www: /[\p{L}\p{N}@./\\:=&?#%+-]/u }; // before it: then it is part of a word or of another address

/** The address if it is absolute, of a scheme that runs nothing, and hides nothing; else null. */
export function safeAddress(address) {
  if (!address || address.length > LONGEST || HIDDEN.test(address)) return null;
  if (!/^(?:https?:\/\/|mailto:)/i.test(address)) return null;
  try {
    const found = new URL(address);
    return SCHEMES.has(found.protocol) && !found.username && !found.password ? found.href : null;
  } catch {
    return null;
  }
}

/** What follows "]" at `at`: {until, address}; null if that makes no link. address null: of a link that leads nowhere. */
export function target(text, at, open) {
  if (text[at] !== "(") return open && at === text.length ? { until: at, address: null } : null;
  const part = text.slice(at + 1, at + 1 + LONGEST);
  const found = TARGET.exec(part);
  if (found) return { until: at + 1 + found[0].length, address: safeAddress(found[1] ?? found[2] ?? "") };
  const unfinished = open && !part.includes(")") && !part.includes("\n") && at + 1 + part.length === text.length;
  return unfinished ? { until: text.length, address: null } : null;
}

/** {shown, address} of what stands in the text at `at` without any marks, as https://... or www....; null if there is none. */
export function bareAddress(text, at) {
  const isShort = text[at] === "w" || text[at] === "W";
  if ((isShort ? PART.www : PART.https).test(text[at - 1] ?? " ")) return null;
  BARE.lastIndex = at;
  const run = BARE.exec(text)?.[0];
  const site = run && SITE.exec(/^(?:https?:\/\/)?[^/?#]*/i.exec(run)[0])?.[0];
  if (!site) return null;
  const found = /[/?#]/.test(run[site.length] ?? "") ? run : site; // what else follows is a word of the sentence
  let end = found.length;
  while (end && isAfter(found, end)) end--;
  const shown = found.slice(0, end);
  const address = isShort ? `https://${shown}` : shown;
  return safeAddress(address) ? { shown, address } : null;
}

/** Marks at the end belong to the sentence; a bracket does unless the address opened one. */
function isAfter(found, end) {
  const char = found[end - 1];
  if (char === ")") return !found.slice(0, end).includes("(");
  return ".,;:!?*_~'\"]}".includes(char);
}
