// A talk from a file of this chat's own export.
import { ask } from "./api.js";
import { wordsAndWait, wordsOf } from "./errors.js";
import { say } from "./words.js";

const MOST_MIB = 8; // the server takes no more
const EVERYTHING = "rantau.person"; // the format of a file with all that a person has
const OWN = Object.fromEntries(["bad_json", "bad_text", "bad_wish", "rate_limited", "too_long"].map((code) => [code, `import.${code}`]));

/** Returns   {talk}: made anew from the file; or {why}: words for people */
export async function bringIn(file) {
  if (file.size > MOST_MIB * 2 ** 20) return tooLarge();
  const read = await file.text().then(JSON.parse).catch(() => null);
  if (read === null) return refused(say("import.bad_json"));
  if (typeof read !== "object" || Array.isArray(read)) return refused(wordsOf({ code: "bad_file" }));
  if (read.format === EVERYTHING) return refused(say("import.everything"));
  try {
    return { talk: await ask("POST", "/api/talks/import", read) };
  } catch (error) {
    return error.code === "too_large" ? tooLarge() : refused(wordsAndWait(error, OWN));
  }
}

const tooLarge = () => refused(say("import.too_large", { n: MOST_MIB }));
const refused = (why) => ({ why: say("import.refused", { why }) });
