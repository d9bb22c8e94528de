// What is told when something is refused.
import { say } from "./words.js";

/** Words for an error of `ask`; the server's own where the code is new. */
export function wordsOf(error) {
  const key = `errors.${error.code}`;
  const found = say(key);
  return found === key ? error.message || say("errors.unknown", { code: error.code ?? "?" }) : found;
}
