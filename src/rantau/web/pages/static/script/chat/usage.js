// What an answer cost and who gave it, in one line.
import { h } from "../page/dom.js";
import { number, say, seconds } from "../page/words.js";

/** Parts to show under an answer; none for what is not known, or not told before a vote. */
export function usageOf(message) {
  const parts = [];
  const made = message.completion_tokens;
  if (made) parts.push(say("usage.tokens", { n: made }));
  const pace = tokensPerSecond(message);
  if (pace) parts.push(say("usage.pace", { pace: number(pace, { maximumFractionDigits: 1 }) }));
  if (message.first_ms !== null) parts.push(say("usage.first", { seconds: seconds(message.first_ms) }));
  if (message.prompt_tokens) parts.push(say("usage.prompt", { n: message.prompt_tokens }));
  return parts.map((part) => h("span", { text: part }));
}

/** Pace after the first token; null where it cannot be told. */
export function tokensPerSecond({ completion_tokens: made, first_ms: first, wall_ms: wall }) {
  if (!made || made < 2 || !wall || wall <= (first ?? 0)) return null;
  return ((made - 1) * 1000) / (wall - (first ?? 0));
}

export function revisionOf(message) {
  const digest = (message.digest ?? "").replace(/^sha256:/, "").slice(0, 10);
  return digest ? h("span", {}, `${say("usage.revision")} `, h("code", { text: digest })) : null;
}
