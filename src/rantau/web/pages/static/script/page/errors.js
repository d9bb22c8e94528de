// What is told when something is refused.
import { say } from "./words.js";

/**
 * Words for an error of `ask`; the server's own where the code is new.
 * own: keys of the catalogue for codes that mean something of their own here
 */
export function wordsOf(error, own = {}) {
  const key = own[error.code] ?? `errors.${error.code}`;
  const found = say(key);
  return found === key ? error.message || say("errors.unknown", { code: error.code ?? "?" }) : found;
}

/** With how long to wait before it is tried again, where that is known. */
export function wordsAndWait(error, own = {}) {
  return [wordsOf(error, own), error.retryS ? say("notice.wait", { n: error.retryS }) : ""].filter(Boolean).join(" ");
}
