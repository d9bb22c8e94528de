// One's own data: downloaded, brought in, erased.
import { ask } from "../page/api.js";
import { confirm } from "../page/dialog.js";
import { h } from "../page/dom.js";
import { wordsAndWait } from "../page/errors.js";
import { bringIn } from "../page/importing.js";
import { say } from "../page/words.js";

/** place: of the buttons; said: below them, what became of it */
export function offerData(place, said) {
  const tell = (kind, text, ...more) => said.replaceChildren(h("div", { class: `note ${kind}` }, h("p", { text }), ...more));
  const all = h("a", { class: "button", href: "/api/me/export", download: "", text: say("settings.data_export") });
  const none = h("button", { type: "button", class: "button danger", text: say("settings.data_delete"), on: { click: () => erase(tell) } });
  const file = h("input", { type: "file", id: "import", accept: "application/json,.json", class: "visually-hidden", on: { change: (event) => read(event.target, tell) } });
  place.replaceChildren(all, file, h("label", { class: "button", for: "import", text: say("import.talk") }), none);
}

async function read(input, tell) {
  const [file] = input.files;
  input.value = ""; // the same file may be chosen again
  if (!file) return;
  tell("", say("import.reads"));
  const { talk, why } = await bringIn(file);
  if (talk) tell("good", say("import.done"), h("p", {}, h("a", { href: `/talk/${talk.id}`, text: talk.title || say("talk.untitled") })));
  else tell("bad", why);
}

async function erase(tell) {
  if (!(await confirm(say("settings.data_delete"), say("settings.data_delete_question"), say("settings.data_delete"), { danger: true }))) return;
  try {
    await ask("DELETE", "/api/me/data");
    sessionStorage.clear();
    tell("good", say("settings.data_deleted"));
  } catch (error) {
    tell("bad", wordsAndWait(error));
  }
}
