// What can be done with a talk as a whole.
import { ask } from "../page/api.js";
import { copy } from "../page/clipboard.js";
import { confirm, dismissal, prompt, show } from "../page/dialog.js";
import { h } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { day, say } from "../page/words.js";

const FORMATS = ["md", "json", "jsonl"];

export function actionsOf(desk, talk) {
  return [
    { icon: "edit", text: say("talk.rename"), run: () => rename(desk, talk) },
    { icon: "share", text: say("talk.share"), run: () => share(talk) },
    ...FORMATS.map((format) => ({ icon: "save", text: say(`talk.export_${format}`), href: `/api/talks/${talk.id}/export?format=${format}`, download: "" })),
    { icon: "bin", text: say("talk.delete"), run: () => remove(desk, talk), danger: true },
  ];
}

const SHARES = { too_many: "share.many", empty: "share.nothing" };

async function guarded(act, own = {}) {
  try {
    return await act();
  } catch (error) {
    toast(wordsOf(error, own));
    return null;
  }
}

async function rename(desk, talk) {
  const title = await prompt(say("talk.rename"), say("talk.title"), talk.title, say("dialog.save"));
  if (!title) return;
  const changed = await guarded(() => ask("PATCH", `/api/talks/${talk.id}`, { title }));
  if (!changed) return;
  if (desk.talk?.id === talk.id) desk.talk = changed;
  desk.sidebar.rename(changed);
  desk.draw();
}

async function remove(desk, talk) {
  const question = say("talk.delete_question", { title: talk.title || say("talk.untitled"), n: desk.me.keep_deleted_days });
  if (!(await confirm(say("talk.delete_title"), question, say("talk.delete"), { danger: true }))) return;
  if ((await guarded(() => ask("DELETE", `/api/talks/${talk.id}`))) === null) return;
  desk.sidebar.remove(talk.id);
  desk.others.tell(talk.id, true);
  if (desk.talk?.id === talk.id) desk.open(null);
  const restore = async () => {
    await guarded(() => ask("POST", `/api/talks/${talk.id}/restore`, {}));
    desk.sidebar.load();
  };
  toast(say("talk.deleted"), { action: { text: say("talk.restore"), run: restore }, ms: 10_000 });
}

async function share(talk) {
  const address = `/api/talks/${talk.id}/share`;
  const made = await guarded(() => ask("POST", address, {}), SHARES);
  if (!made) return;
  const link = new URL(made.url ?? made.path ?? `/share/${made.token}`, location.origin).href;
  await show(say("share.title"), (close) => {
    const input = h("input", { id: "share-link", readonly: true, dir: "ltr" });
    input.value = link;
    input.addEventListener("focus", () => {
      input.select();
      input.scrollLeft = 0;
    });
    const revoke = async () => (await guarded(() => ask("DELETE", address))) !== null && (toast(say("share.revoked")), close(null));
    const copied = async () => toast(say((await copy(link)) ? "answer.copied" : "answer.not_copied"));
    return [
      h("p", { text: say("share.text") }),
      h("div", { class: "field" }, h("label", { for: "share-link", text: say("share.link") }), input,
        made.expires ? h("p", { class: "hint", text: say("share.until", { day: day(made.expires) }) }) : null),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button danger", text: say("share.revoke"), on: { click: revoke } }), dismissal(close, say("dialog.close")),
        h("button", { type: "button", class: "button main", text: say("share.copy"), on: { click: copied } })),
    ];
  });
}
