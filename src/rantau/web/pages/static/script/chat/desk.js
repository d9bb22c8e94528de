// The desk: what is open and how it is shown. Views ask it; it asks the server, and lets others ask.
import { ask, askAgain } from "../page/api.js";
import { copy } from "../page/clipboard.js";
import { find, h } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";
import { Asking } from "./asking.js";
import { showBadge } from "./badge.js";
import { Following } from "./following.js";
import { dropNotice, notice } from "./notice.js";
import { Others } from "./others.js";
import { changedOf, openPanel } from "./panel.js";
import { actionsOf } from "./talk_actions.js";
import { isOpen, nextParent, placeOf } from "./tree.js";

const PATIENTLY = { wait: () => showBadge("reconnecting") };
const TITLE = 60; // characters of a first message that stand for a title

export class Desk {
  talk = null;
  messages = new Map();
  chosen = new Map(); // place in the tree -> id of the message that is shown there
  draft = { mode: "single", model: "", wish: {}, system_prompt: null };
  #shown = [];
  #opened = 0;

  constructor(me) {
    this.me = me;
    this.draft.model = me.models[0]?.name ?? "";
    this.asking = new Asking(this);
    this.following = new Following(this);
    this.others = new Others(this);
  }

  /** Views: {conversation, composer, sidebar, start} */
  attach(views) {
    Object.assign(this, views);
  }

  get mode() {
    return this.talk?.mode ?? this.draft.mode;
  }

  model(name) {
    return this.me.models.find((model) => model.name === name) ?? null;
  }

  actionsOf(talk) {
    return actionsOf(this, talk);
  }

  // What is open

  async open(id, { push = true } = {}) {
    const opened = ++this.#opened;
    this.#leave();
    if (push) history.pushState(null, "", id ? `/talk/${id}` : "/");
    if (!id) return this.#fresh();
    try {
      const found = await askAgain("GET", `/api/talks/${id}`, undefined, PATIENTLY);
      if (opened !== this.#opened) return undefined;
      this.composer.talk = found.id;
      this.learnTalk(found);
      this.conversation.toEnd();
      this.composer.focus();
      return this.asking.resend();
    } catch (error) {
      if (opened !== this.#opened) return undefined;
      this.#fresh();
      return notice(wordsOf(error), { kind: "bad" });
    }
  }

  #leave() {
    this.asking.leave();
    this.following.leave();
    this.talk = null;
    this.messages.clear();
    this.chosen.clear();
    this.conversation.clear();
    dropNotice();
  }

  #fresh() {
    this.composer.talk = null;
    this.draw();
    this.composer.focus();
  }

  /** The first message makes the talk. */
  async makeTalk() {
    const { mode, model, wish, system_prompt: prompt } = this.draft;
    const body = { mode, wish, ...(mode === "single" && model ? { model } : {}), ...(prompt === null ? {} : { system_prompt: prompt }) };
    const { messages: none, ...talk } = await askAgain("POST", "/api/talks", body, PATIENTLY);
    if (this.talk) return talk;
    this.talk = talk;
    this.composer.becomes(talk.id);
    history.replaceState(null, "", `/talk/${talk.id}`);
    return talk;
  }

  /** The talk as the server has it now. */
  async reload() {
    const id = this.talk?.id;
    if (!id) return;
    const found = await ask("GET", `/api/talks/${id}`);
    if (this.talk?.id === id) this.learnTalk(found);
  }

  learnTalk({ messages, ...talk }) {
    this.talk = talk;
    this.following.keep(messages);
    this.learned(messages);
  }

  learned(messages) {
    for (const message of messages) {
      if (this.following.isBehind(message)) continue;
      const name = this.messages.get(message.id)?.client_id ?? message.client_id;
      this.messages.set(message.id, { ...message, client_id: name });
    }
    this.draw();
  }

  choose(message) {
    this.chosen.set(placeOf(message), message.id);
    this.draw();
  }

  useMode(mode) {
    this.draft.mode = mode;
    this.draw();
    this.composer.focus();
  }

  async useModel(name) {
    this.draft.model = name;
    if (this.talk) await this.#change({ model: name });
  }

  // Asking

  write(text) {
    this.composer.put(text);
  }

  send(text) {
    return this.asking.send(text, nextParent(this.#turns(), this.mode));
  }

  edit(question, text) {
    this.chosen.delete(placeOf(question));
    return this.asking.send(text, question.parent);
  }

  regenerate(message) {
    return this.asking.beside(message, "regenerate");
  }

  goOn(message) {
    return this.asking.beside(message, "continue");
  }

  // Drawing

  #turns() {
    return this.#shown.map(({ turn }) => turn).filter((turn) => !turn.question.pending);
  }

  openAnswers() {
    return this.#turns().flatMap((turn) => turn.answers.map((answer) => answer.shown)).filter(isOpen);
  }

  lastAnswers() {
    return this.#turns().at(-1)?.answers.map((answer) => answer.shown) ?? [];
  }

  draw() {
    const { pending } = this.asking;
    const messages = [...this.messages.values(), ...(pending ? [pending] : [])];
    this.#shown = this.conversation.show(messages, this.chosen, this.mode);
    for (const { turn, answers } of this.#shown) {
      turn.answers.forEach(({ shown }, n) => isOpen(shown) && this.following.follow(shown, answers[n]));
    }
    document.body.classList.toggle("wide", this.mode !== "single");
    this.start.show({ mode: this.draft.mode, pair: this.me.models.length > 1, shown: !this.#shown.length && !this.talk });
    this.sidebar.draw();
    this.#drawHead();
    this.#drawComposer();
    this.#drawBadge();
  }

  #drawHead() {
    const first = this.#shown[0]?.turn.question.text.slice(0, TITLE);
    const title = this.talk || first ? this.talk?.title || first || say("talk.untitled") : say("talk.new");
    find("#title").textContent = title;
    document.title = this.talk ? `${title} · rantau` : "rantau";
    const model = this.mode === "single" ? this.model(this.talk?.model || this.draft.model)?.title : null;
    find("#kicker").replaceChildren(...[say(`modes.${this.mode}`), model].filter(Boolean).map((text) => h("span", { text })));
    find("#talk-menu").hidden = !this.talk;
  }

  #drawComposer() {
    const open = this.openAnswers();
    const stopping = this.asking.stopping || (open.length && open.every((message) => message.state === "stopping"));
    this.composer.phase = stopping ? "stopping" : this.asking.pending ? "sending" : open.length ? "answering" : "idle";
    this.composer.showModels(this.me.models, this.talk?.model || this.draft.model, this.mode === "single");
    const { wish, system_prompt: prompt } = this.#settings();
    const changed = changedOf(wish, this.me.wish).length || (prompt ?? this.me.system_prompt) !== this.me.system_prompt;
    this.composer.tune.toggleAttribute("data-changed", Boolean(changed));
  }

  #drawBadge() {
    const goesOn = this.asking.pending || this.openAnswers().length;
    if (!navigator.onLine) showBadge("offline");
    else if (goesOn) showBadge(this.following.state === "reconnecting" ? "reconnecting" : "live");
    else showBadge(this.following.unsaved.size ? "saving" : "saved");
  }

  /** state: of the stream's connection */
  connection(state) {
    if (state === "signed_out") this.signedOut();
    else if (state === "outdated") notice(say("errors.outdated"), { retry: () => location.reload() });
    else this.#drawBadge();
  }

  signedOut() {
    const login = () => location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    notice(say("errors.signed_out"), { retry: login, kind: "bad" });
  }

  // Settings of the talk

  #settings() {
    const { wish, system_prompt: prompt } = this.talk ?? this.draft;
    return { wish: wish ?? {}, system_prompt: prompt };
  }

  tune() {
    const context = Math.min(...this.me.models.map((model) => model.context));
    openPanel({ now: this.#settings(), defaults: this.me, context }, (changed) => this.#tuned(changed));
  }

  async #tuned(changed) {
    if (this.talk) return this.#change(changed);
    Object.assign(this.draft, changed);
    return this.draw();
  }

  async #change(fields) {
    try {
      this.talk = await askAgain("PATCH", `/api/talks/${this.talk.id}`, fields);
      this.draw();
    } catch (error) {
      toast(wordsOf(error));
    }
  }

  async copy(text, button) {
    const done = await copy(text);
    this.following.speech.say(say(done ? "answer.copied" : "answer.not_copied"));
    if (!done) return toast(say("answer.not_copied"));
    button.classList.add("did");
    return setTimeout(() => button.classList.remove("did"), 1500);
  }
}
