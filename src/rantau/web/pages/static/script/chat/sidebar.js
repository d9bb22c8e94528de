// The talks: found, opened, renamed, exported, shared, deleted.
import { ask } from "../page/api.js";
import { arrange, find, h, icon } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { menuButton } from "../page/menu.js";
import { say } from "../page/words.js";

const SEEK_MS = 250;
const DAY_MS = 86_400_000;

export class Sidebar {
  #desk;
  #talks = [];
  #next = null;
  #timer = null;
  #asked = 0;
  #answered = 0; // of those that were asked, the last that has come
  #rows = new Map();

  constructor(desk) {
    this.#desk = desk;
    this.side = find("#side");
    this.list = find("#talks");
    this.seek = find("#seek");
    this.more = find("#more");
    this.seek.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.load(), SEEK_MS);
    });
    this.seek.form.addEventListener("submit", (event) => event.preventDefault());
    this.more.addEventListener("click", () => this.load(this.#next));
    this.#drawer();
  }

  /** The list from the beginning, or what comes before a time. */
  async load(before = null) {
    const asked = ++this.#asked;
    const query = new URLSearchParams({ q: this.seek.value.trim(), ...(before ? { before } : {}) });
    try {
      const { talks, next } = await ask("GET", `/api/talks?${query}`);
      if (asked !== this.#asked) return;
      this.#answered = asked;
      this.#talks = before ? [...this.#talks, ...talks] : talks;
      this.#next = next;
      this.draw();
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#answered = asked;
      this.list.replaceChildren(h("p", { class: "empty", text: wordsOf(error) }));
    }
  }

  /** A talk is new or has another name; it goes to the top. */
  put(talk) {
    this.#talks = [talk, ...this.#talks.filter((each) => each.id !== talk.id)];
    this.draw();
  }

  rename(talk) {
    this.#talks = this.#talks.map((each) => (each.id === talk.id ? { ...each, title: talk.title } : each));
    this.#changed();
  }

  remove(id) {
    this.#talks = this.#talks.filter((each) => each.id !== id);
    this.#changed();
  }

  /** A list that is under way may have been read before. */
  #changed() {
    this.draw();
    if (this.#answered !== this.#asked) this.load();
  }

  draw() {
    this.more.hidden = !this.#next;
    if (!this.#talks.length) {
      const key = this.seek.value.trim() ? "side.nothing_found" : "side.empty";
      this.list.replaceChildren(h("p", { class: "empty", text: say(key) }));
      return;
    }
    const ages = Map.groupBy(this.#talks, (talk) => ageOf(talk.updated));
    const parts = [...ages].flatMap(([age, talks]) => [this.#heading(age), this.#group(age, talks)]);
    arrange(this.list, parts);
  }

  #heading(age) {
    return this.#kept(`heading/${age}`, age, () => h("h2", { text: say(`side.${age}`) }));
  }

  #group(age, talks) {
    const list = this.#kept(`list/${age}`, age, () => h("ul"));
    arrange(list, talks.map((talk) => this.#row(talk)));
    return list;
  }

  #row(talk) {
    const current = this.#desk.talk?.id === talk.id;
    const row = this.#kept(talk.id, `${talk.title}\n${talk.mode}`, () => this.#made(talk));
    row.classList.toggle("current", current);
    if (current) row.firstElementChild.setAttribute("aria-current", "page");
    else row.firstElementChild.removeAttribute("aria-current");
    return row;
  }

  #kept(key, looks, make) {
    if (this.#rows.get(key)?.looks !== looks) this.#rows.set(key, { looks, element: make() });
    return this.#rows.get(key).element;
  }

  #made(talk) {
    const title = talk.title || say("talk.untitled");
    const open = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.close();
      this.#desk.open(talk.id);
    };
    const mode = talk.mode === "single" ? null : h("span", { role: "img", "aria-label": say(`modes.${talk.mode}`) }, icon(talk.mode));
    const link = h("a", { href: `/talk/${talk.id}`, title, on: { click: open } }, h("bdi", { text: title }), mode);
    return h("li", { class: "talk" }, link, menuButton(say("side.actions", { title }), "more", () => this.#desk.actionsOf(talk)));
  }

  /** On a phone the talks are a drawer. */
  #drawer() {
    find("#open-side").addEventListener("click", () => this.#open());
    find("#close-side").addEventListener("click", () => this.close(true));
    find("#veil").addEventListener("click", () => this.close(true));
    this.side.addEventListener("keydown", (event) => event.key === "Escape" && this.close(true));
  }

  #open() {
    this.side.classList.add("open");
    find("#open-side").setAttribute("aria-expanded", "true");
    find("#stage").inert = true;
    find("#close-side").focus();
  }

  close(back = false) {
    if (!this.side.classList.contains("open")) return;
    this.side.classList.remove("open");
    find("#open-side").setAttribute("aria-expanded", "false");
    find("#stage").inert = false;
    if (back) find("#open-side").focus();
  }
}

/** today, yesterday, week, earlier */
export function ageOf(time, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = Math.ceil((midnight - new Date(time).getTime()) / DAY_MS);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  return days <= 7 ? "week" : "earlier";
}
