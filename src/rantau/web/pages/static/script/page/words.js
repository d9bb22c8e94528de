// The interface's words: one catalogue, fetched once, in the language that the page is written in.
import { told } from "./dom.js";

let catalogue = {};

export const language = () => document.documentElement.lang || "en";

/** Fetches the catalogue of this page's language. */
export async function loadWords() {
  const answer = await fetch(told("words"), { credentials: "same-origin" });
  catalogue = await answer.json();
}

/** The words for a key, with {places} filled. Where a key has `one` and `other`, {n} decides. */
export function say(key, values = {}) {
  let found = key.split(".").reduce((place, part) => place?.[part], catalogue);
  if (found && typeof found === "object") found = found[made("PluralRules").select(values.n)] ?? found.other;
  if (typeof found !== "string") return key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
}

const shown = (value) => (typeof value === "number" ? number(value) : String(value));

const formats = new Map(); // making one costs more than all that it is used for

function made(kind, options = {}) {
  const key = `${kind}${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl[kind](language(), options));
  return formats.get(key);
}

export const number = (value, options = {}) => made("NumberFormat", options).format(value);
export const share = (value, digits = 0) => number(value, { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: digits });
export const seconds = (ms) => number(ms / 1000, { maximumFractionDigits: ms < 10_000 ? 1 : 0, minimumFractionDigits: ms < 10_000 ? 1 : 0 });
export const list = (names) => new Intl.ListFormat(language(), { type: "conjunction" }).format(names);
export const day = (date) => new Intl.DateTimeFormat(language(), { dateStyle: "medium" }).format(new Date(date));
export const moment = (date) => new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(date));
