// Elements from values. Texts become text: nothing here reads markup.
import { PATHS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. properties: `class`, `text`, `on` ({event: handler}), `data` ({name: value}); `hidden`, `disabled` and
 * other true or false ones; the rest are attributes, left out where they are null or undefined.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function set(element, name, value) {
  if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "text") element.textContent = value;
  else if (name === "class") element.className = value;
  else if (typeof value === "boolean") element.toggleAttribute(name, value);
  else if (value !== null && value !== undefined) element.setAttribute(name, value);
}

/** A shape of an SVG drawing. */
export function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A drawing of 24 x 24 that says nothing by itself. */
export function icon(name) {
  const lines = PATHS[name].map((d) => shape("path", { d }));
  return shape("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, ...lines);
}

/** A button that shows a drawing and says its name. */
export function iconButton(name, label, handler, properties = {}) {
  const { class: kind = "", ...rest } = properties;
  const made = h("button", { type: "button", class: `quiet ${kind}`.trim(), "aria-label": label, title: label, ...rest }, icon(name));
  if (handler) made.addEventListener("click", handler);
  return made;
}

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Draws the inside of `root` anew; the focus stays at the control of the same name. */
export function redraw(root, ...children) {
  const held = root.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  root.replaceChildren(...children);
  if (held === null || root.contains(document.activeElement)) return;
  const controls = findAll("button, a, input, textarea, select", root);
  (controls.find((each) => nameOf(each) === held && !each.disabled) ?? controls.find((each) => !each.disabled))?.focus();
}

/** After a wait: the focus goes to `element`, unless a person has moved it away from `before` meanwhile. */
export function focusAfter(element, before) {
  const now = document.activeElement;
  if (now === before || now === document.body) element?.focus({ preventScroll: true });
}

const nameOf = (element) => element.getAttribute("aria-label") ?? element.textContent;

/** What the server wrote into the head: <meta name="rantau-..."> */
export const told = (name) => find(`meta[name="rantau-${name}"]`)?.content ?? "";

/** Puts `elements` into `root` in this order, moving only what stands elsewhere. */
export function arrange(root, elements) {
  elements.forEach((element, n) => {
    if (root.children[n] !== element) root.insertBefore(element, root.children[n] ?? null);
  });
  while (root.children.length > elements.length) root.lastElementChild.remove();
}
