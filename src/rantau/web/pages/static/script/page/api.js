// The server's JSON interface: one session, one shape of error, and questions that may be asked again.
import { told } from "./dom.js";

/** What the server refuses, or what did not reach it (code "network"). */
export class Refused extends Error {
  constructor(code, message, { status = 0, retry_s: retryS = null } = {}) {
    super(message);
    Object.assign(this, { code, status, retryS });
  }
}

const WAITS_MS = [400, 1000, 2500, 5000, 10_000, 10_000, 10_000];
const LONGEST_MS = 30_000; // a connection that broke while the machine slept says nothing at all
const UNSURE = new Set([502, 503, 504]); // a proxy's words, without a code: nobody knows whether the server heard

/** The answer's value. longestMs: then nobody knows whether it was heard. Raises   Refused */
export async function ask(method, address, body, { longestMs = null } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": told("csrf") };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    answer = await fetch(address, { method, headers, body: sent, credentials: "same-origin", cache: "no-store", signal: longestMs && AbortSignal.timeout(longestMs) });
  } catch (error) {
    throw new Refused("network", String(error));
  }
  if (answer.status === 204) return null;
  const value = await answer.json().catch(() => null);
  if (answer.ok && value !== null) return value;
  throw refusal(answer, value);
}

function refusal(answer, value) {
  const unsaid = answer.ok ? "bad_answer" : UNSURE.has(answer.status) ? "network" : `http_${answer.status}`;
  const { code = unsaid, message = "", retry_s: said } = value?.error ?? {};
  const header = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  const retry = said ?? (Number.isNaN(header) ? null : header);
  return new Refused(code, message, { status: answer.status, retry_s: retry });
}

/** Asks until the server answers: for what may be said twice. wait: told of each wait before the next try */
export async function askAgain(method, address, body, { wait = () => {}, waits = WAITS_MS } = {}) {
  for (let tries = 0; ; tries++) {
    try {
      return await ask(method, address, body, { longestMs: LONGEST_MS });
    } catch (error) {
      if (error.code !== "network" || tries >= waits.length) throw error;
      const ms = waits[tries] * (0.75 + Math.random() / 2);
      wait(ms);
      await pause(ms);
    }
  }
}

/** Some time, or until the browser says that it is online again. */
function pause(ms) {
  return new Promise((resolve) => {
    const on = () => (clearTimeout(timer), removeEventListener("online", on), resolve());
    const timer = setTimeout(on, ms);
    addEventListener("online", on);
  });
}
