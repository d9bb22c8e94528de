// The desk: what is open. Views ask it; it asks the server, and lets others ask and draw.
import { ask, askAgain } from "../page/api.js";
import { copy } from "../page/clipboard.js";
import { focusAfter } from "../page/dom.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";
import { Asking } from "./asking.js";
import { showBadge } from "./badge.js";
import { Drawing } from "./drawing.js";
import { Following } from "./following.js";
import { dropNotice, notice } from "./notice.js";
import { Others } from "./others.js";
import { Parameters } from "./parameters.js";
import { Standing } from "./standing.js";
import { actionsOf } from "./talk_actions.js";
import { nextParent, placeOf } from "./tree.js";

const PATIENTLY = { wait: () => showBadge("reconnecting") };

export class Desk {
  talk = null;
  messages = new Map();
  chosen = new Map(); // place in the tree -> id of the message that is shown there
  draft = { mode: "single", model: "", wish: {}, system_prompt: null };
  opened = 0; // counts what was opened: an answer that comes late knows whether it is for what is open now

  constructor(me) {
    this.me = me;
    this.draft.model = me.models[0]?.name ?? "";
    this.drawing = new Drawing(this);
    this.standing = new Standing(this);
    this.asking = new Asking(this);
    this.following = new Following(this);
    this.others = new Others(this);
    this.parameters = new Parameters(this);
  }

  /** Views: {conversation, composer, sidebar, start, readiness} */
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
    const opened = ++this.opened;
    const before = document.activeElement;
    this.#leave();
    if (push) history.pushState(null, "", id ? `/talk/${id}` : "/");
    if (!id) return this.#fresh();
    try {
      const found = await askAgain("GET", `/api/talks/${id}`, undefined, PATIENTLY);
      if (opened !== this.opened) return undefined;
      this.composer.talk = found.id;
      this.asking.recall(found.id);
      this.learnTalk(found);
      this.conversation.toEnd();
      focusAfter(this.composer.input, before);
      return this.asking.resend();
    } catch (error) {
      if (opened !== this.opened) return undefined;
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
    this.asking.recall(null);
    this.draw();
    this.asking.rewrite();
    this.composer.focus();
  }

  /** What the talk that the first message makes is to be. */
  get making() {
    const { mode, model, wish, system_prompt: prompt } = this.draft;
    return { mode, wish, ...(mode === "single" && model ? { model } : {}), ...(prompt === null ? {} : { system_prompt: prompt }) };
  }

  /** The first message makes the talk, and gives it its own name: made twice it is one talk. */
  async makeTalk(name, making) {
    const { opened } = this;
    const { messages: none, ...talk } = await askAgain("POST", "/api/talks", { ...making, client_id: name }, PATIENTLY);
    if (opened !== this.opened) return talk;
    this.talk = talk;
    this.composer.becomes(talk.id);
    history.replaceState(null, "", `/talk/${talk.id}`);
    return talk;
  }

  /** The talk as the server has it now. since: messages that were made before this time are not asked for */
  async reload(since = "") {
    const id = this.talk?.id;
    if (!id) return;
    const found = await ask("GET", `/api/talks/${id}${since && `?since=${encodeURIComponent(since)}`}`);
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

  // Asking

  write(text) {
    this.composer.put(text);
  }

  send(text) {
    this.composer.clear();
    return this.asking.send(text, nextParent(this.drawing.turns, this.mode));
  }

  edit(question, text) {
    this.chosen.delete(placeOf(question));
    this.asking.drop(question);
    return this.asking.send(text, question.parent);
  }

  regenerate(message) {
    return this.asking.beside(message, "regenerate");
  }

  goOn(message) {
    return this.asking.beside(message, "continue");
  }

  draw() {
    this.drawing.draw();
  }

  async copy(text, button) {
    const done = await copy(text);
    this.following.speech.say(say(done ? "answer.copied" : "answer.not_copied"));
    if (!done) return toast(say("answer.not_copied"));
    button.classList.add("did");
    return setTimeout(() => button.classList.remove("did"), 1500);
  }
}
