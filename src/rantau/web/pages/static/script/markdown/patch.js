// Nodes into the page, changing only what differs: what stands does not flicker and stays selected.
import { ATTRIBUTES, ELEMENTS } from "./node.js";

/** The element or text of a node. Raises   Error for an element or attribute that is not on the list */
export function made(value) {
  if (typeof value === "string") return document.createTextNode(value);
  if (!ELEMENTS.has(value.tag)) throw new Error(`no text may become <${value.tag}>`);
  const element = document.createElement(value.tag);
  for (const [name, content] of Object.entries(value.attributes)) attribute(element, name, content);
  if (value.tag === "a") {
    element.rel = "noopener noreferrer nofollow";
    element.target = "_blank";
  }
  element.append(...value.children.map(made));
  return element;
}

/** Makes `places`, children of an element that are what `before` says, what `after` says. Returns   the new ones */
export function patch(element, places, before, after) {
  const now = after.map((value, n) => {
    if (n < before.length) return patchOne(element, places[n], before[n], value);
    return element.appendChild(made(value));
  });
  for (const place of places.slice(after.length)) place.remove();
  return now;
}

function patchOne(parent, place, before, after) {
  if (typeof before === "string" && typeof after === "string") return text(place, before, after);
  if (before.tag === undefined || before.tag !== after.tag) {
    const element = made(after);
    parent.replaceChild(element, place);
    return element;
  }
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)]);
  for (const name of names) {
    if (before.attributes[name] !== after.attributes[name]) attribute(place, name, after.attributes[name]);
  }
  patch(place, [...place.childNodes], before.children, after.children);
  return place;
}

function text(place, before, after) {
  if (after.startsWith(before)) place.appendData(after.slice(before.length));
  else place.data = after;
  return place;
}

function attribute(element, name, content) {
  if (!ATTRIBUTES.has(name)) throw new Error(`no text may set ${name}`);
  if (content === undefined) element.removeAttribute(name);
  else element.setAttribute(name, content);
}
