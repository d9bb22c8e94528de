// The account: its password, and its end.
import { ask } from "../page/api.js";
import { dismissal, show } from "../page/dialog.js";
import { find, h } from "../page/dom.js";
import { wordsAndWait } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";

/** form: none in a chat of one person */
export function offerPassword(form) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [old, fresh] = [find("#old"), find("#fresh")];
    try {
      await ask("POST", "/api/password", { old: old.value, new: fresh.value });
      old.value = fresh.value = "";
      toast(say("settings.password_changed"));
    } catch (error) {
      toast(wordsAndWait(error, { bad_login: "account.wrong" }));
    }
  });
}

/** button: its data-password says whether the account has one; there is none in a chat of one person */
export function offerLeaving(button) {
  button?.addEventListener("click", async () => {
    if (await show(say("account.delete"), (close) => question(close, Boolean(button.dataset.password)))) farewell();
  });
}

/** Nothing is sent before the box is ticked and the password is there. */
function question(close, asksPassword) {
  const password = asksPassword ? h("input", { id: "account-password", type: "password", required: true, maxlength: "1024", autocomplete: "current-password" }) : null;
  const sure = h("input", { id: "account-sure", type: "checkbox", required: true });
  const refused = h("p", { class: "note bad", role: "alert", hidden: true });
  const yes = h("button", { type: "submit", class: "button danger", text: say("account.delete_now") });
  const submit = async (event) => {
    event.preventDefault();
    yes.disabled = true;
    try {
      await ask("DELETE", "/api/me", password ? { password: password.value } : {});
      close(true);
    } catch (error) {
      refused.textContent = wordsAndWait(error, { bad_login: "account.wrong" });
      refused.hidden = yes.disabled = false;
      password?.select();
    }
  };
  queueMicrotask(() => sure.form.addEventListener("submit", submit));
  return [
    h("p", { text: say("account.question") }),
    password && h("div", { class: "field" }, h("label", { for: password.id, text: say("account.password") }), password),
    h("label", { class: "check", for: sure.id }, sure, h("span", { text: say("account.sure") })),
    refused,
    h("div", { class: "row" }, dismissal(close), yes),
  ].filter(Boolean);
}

/** Nobody is signed in any more: this page has nothing left to show. */
function farewell() {
  sessionStorage.clear();
  const words = h("h1", { tabindex: "-1", text: say("account.gone") });
  find("#main").replaceChildren(words, h("p", { class: "lead soft", text: say("account.gone_text") }), h("p", {}, h("a", { class: "button main", href: "/login", text: say("login.title") })));
  find(".page-head nav")?.remove();
  words.focus();
}
