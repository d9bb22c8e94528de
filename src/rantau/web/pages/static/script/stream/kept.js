// What outlives a reload of the tab: the logs that were being read then, and no others.
import { Log } from "./log.js";

const KEY = "rantau:logs";
const USER = "rantau:user";

/** Logs by generation, as the tab left them. */
export function keptLogs(storage) {
  try {
    const found = Object.entries(JSON.parse(storage.getItem(KEY) ?? "{}"));
    return new Map(found.filter(([, log]) => isUsable(log)).map(([generation, log]) => [generation, new Log(generation, log)]));
  } catch {
    return new Map();
  }
}

const isUsable = (log) => typeof log?.text === "string" && /^\d+-\d+$/.test(log.after);

/** Keeps these in the place of those that were kept before. */
export function keepLogs(logs, storage) {
  if (!logs.length) return storage.removeItem(KEY);
  try {
    storage.setItem(KEY, JSON.stringify(Object.fromEntries(logs.map(({ generation, after, text }) => [generation, { after, text }]))));
  } catch {
    storage.removeItem(KEY); // full: the next reading begins at the start
  }
  return undefined;
}

/** What somebody else left in this tab is no business of whoever is signed in now. */
export function keepFor(user, storage) {
  if (storage.getItem(USER) !== user) forgetAll(storage);
  storage.setItem(USER, user);
}

/** Forgets all that this tab keeps: logs, drafts, messages on their way. Somebody signs out. */
export function forgetAll(storage) {
  for (const key of Object.keys(storage)) if (key.startsWith("rantau:")) storage.removeItem(key);
}
