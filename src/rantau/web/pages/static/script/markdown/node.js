// What an answer may become: a closed list of elements, so that nothing else can be made of a text.

export const ELEMENTS = new Set([
  "p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "br", "strong", "em", "del", "code", "pre", "a",
  "table", "thead", "tbody", "tr", "th", "td", "div", "span", "button",
]);
export const ATTRIBUTES = new Set(["href", "class", "start", "scope", "dir", "tabindex", "type", "data-copy"]);

/** One element to be: a tag, its children (nodes and strings), its attributes. */
export function node(tag, children = [], attributes = {}) {
  return { tag, children, attributes };
}
