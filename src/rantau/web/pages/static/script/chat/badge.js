// Where things stand: the connection, and whether a model is ready.
import { ask } from "../page/api.js";
import { find, h, icon } from "../page/dom.js";
import { say, share } from "../page/words.js";

const LOOK_MS = 2000;

/** state: live, saved, saving, reconnecting, offline */
export function showBadge(state) {
  const badge = find("#badge");
  if (badge.dataset.state === state) return;
  badge.dataset.state = state;
  badge.title = say(`badge.${state}_hint`);
  badge.replaceChildren(h("span", { text: say(`badge.${state}`) }));
}

/**
 * Says that the model is loading until it is ready. changed: told each time that it is looked at
 * logs: files that say why none is there, for whoever runs the chat; null for others
 */
export class Readiness {
  #timer = null;

  constructor(changed, logs = null) {
    this.changed = changed;
    this.logs = logs;
    this.banner = find("#banner");
  }

  show(ready) {
    clearTimeout(this.#timer);
    this.changed(ready);
    this.banner.hidden = ready.state === "ready";
    if (ready.state === "ready") return;
    this.banner.classList.toggle("bad", ready.state === "none");
    if (ready.state === "loading") this.#loading(ready);
    else this.#draw("none", h("div", {}, h("p", { class: "row" }, icon("warn"), h("span", { text: say("ready.none") })), this.#whereToLook()));
    this.#timer = setTimeout(() => this.look(), LOOK_MS);
  }

  async look() {
    clearTimeout(this.#timer);
    try {
      const { ready, logs = null } = await ask("GET", "/api/me");
      this.logs = logs;
      this.show(ready);
    } catch (error) {
      if (error.code !== "signed_out") this.#timer = setTimeout(() => this.look(), 2 * LOOK_MS);
    }
  }

  #loading({ share: done }) {
    const bar = h("progress", { max: "1", value: String(done), "aria-label": say("ready.loading_label") });
    if (!done) bar.removeAttribute("value");
    this.#draw("loading", h("div", {}, h("p", { text: say("ready.loading", { share: share(done) }) }), bar));
  }

  #whereToLook() {
    if (this.logs === null) return null;
    if (!this.logs.length) return h("p", { class: "small", text: say("ready.no_logs") });
    const files = this.logs.flatMap((file, n) => [n ? ", " : " ", h("code", { dir: "ltr", text: file })]);
    return h("p", { class: "small" }, say("ready.logs"), files);
  }

  #draw(kind, content) {
    if (this.banner.dataset.kind === kind && this.banner.textContent === content.textContent) return; // said once
    this.banner.dataset.kind = kind;
    this.banner.replaceChildren(content);
  }
}
