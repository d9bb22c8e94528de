// Settings: how pages look, which models answer, keys for programs, one's own data.
import { ask } from "./page/api.js";
import { begin } from "./page/begin.js";
import { copy } from "./page/clipboard.js";
import { confirm } from "./page/dialog.js";
import { find, h } from "./page/dom.js";
import { wordsOf } from "./page/errors.js";
import { toast } from "./page/toast.js";
import { day, number, say } from "./page/words.js";
import { offerLeaving, offerPassword } from "./settings/account.js";
import { offerData } from "./settings/data.js";

const OWN = { too_many: "settings.keys_many" };

begin("#served", async (place) => {
  const me = await ask("GET", "/api/me");
  taste(me);
  place.replaceChildren(...me.models.map(model));
  find("#new-key").addEventListener("submit", makeKey);
  offerPassword(find("#new-password"));
  offerData(find("#data-actions"), find("#data-said"));
  offerLeaving(find("#delete-account"));
  await drawKeys();
});

async function guarded(act) {
  try {
    return await act();
  } catch (error) {
    toast(wordsOf(error, OWN));
    return undefined;
  }
}

let kept = Promise.resolve();

/** What is chosen is kept in this order, whichever way is faster. */
function keep(fields) {
  kept = kept.then(() => guarded(() => ask("PATCH", "/api/me", fields)));
  return kept;
}

function taste(me) {
  const form = find("#taste");
  form.interface.value = document.documentElement.lang === me.interface ? me.interface : "";
  for (const option of form.theme) option.checked = option.value === me.theme;
  form.interface.addEventListener("change", async () => {
    if (await keep({ interface: form.interface.value })) location.reload();
  });
  form.addEventListener("change", async (event) => {
    if (event.target.name !== "theme") return;
    document.documentElement.dataset.theme = event.target.value;
    await keep({ theme: event.target.value });
  });
}

function model({ title, kind, digest, context, name }) {
  const facts = [say(`settings.kind_${kind}`), say("settings.context", { n: number(context) }), name];
  const revision = digest ? h("dd", { text: `${say("usage.revision")} ${digest.replace(/^sha256:/, "").slice(0, 16)}` }) : null;
  return h("div", {}, h("dt", {}, h("span", { class: `dot ${kind}` }), h("bdi", { text: title })), h("dd", { text: facts.join(" · ") }), revision);
}

async function drawKeys() {
  const { keys } = await ask("GET", "/api/keys");
  const place = find("#key-list");
  if (!keys.length) return place.replaceChildren(h("p", { class: "soft small", text: say("settings.keys_none") }));
  const head = ["key_name", "key_created", "key_used"].map((name) => h("th", { scope: "col", text: say(`settings.${name}`) }));
  const rows = keys.map((key) => h("tr", {},
    h("th", { scope: "row" }, h("bdi", { text: key.name }), h("code", { class: "begins", dir: "ltr", text: `${key.prefix}…` })),
    h("td", { text: day(key.created) }), h("td", { text: key.used ? day(key.used) : say("settings.key_never") }),
    h("td", { class: "n" }, h("button", { type: "button", class: "button danger", text: say("settings.key_revoke"), "aria-label": say("settings.key_revoke_name", { name: key.name }), on: { click: () => revoke(key) } }))));
  const last = h("th", { scope: "col" }, h("span", { class: "visually-hidden", text: say("settings.key_revoke") }));
  return place.replaceChildren(h("div", { class: "scroll" }, h("table", { class: "table keys" }, h("thead", {}, h("tr", {}, head, last)), h("tbody", {}, rows))));
}

async function makeKey(event) {
  event.preventDefault();
  const input = find("#key-name");
  const made = await guarded(() => ask("POST", "/api/keys", { name: input.value }));
  if (!made) return;
  input.value = "";
  const copied = async () => toast(say((await copy(made.secret)) ? "answer.copied" : "answer.not_copied"));
  find("#made-key").replaceChildren(h("div", { class: "note good" }, h("p", { text: say("settings.key_made") }),
    h("div", { class: "secret-key" }, h("code", { dir: "ltr", text: made.secret }), h("button", { type: "button", class: "button", text: say("settings.key_copy"), on: { click: copied } }))));
  await drawKeys();
}

async function revoke(key) {
  const sure = await confirm(say("settings.key_revoke"), say("settings.key_revoke_question", { name: key.name }), say("settings.key_revoke"), { danger: true });
  if (!sure) return;
  await guarded(() => ask("DELETE", `/api/keys/${key.id}`));
  find("#made-key").replaceChildren();
  await drawKeys();
}
