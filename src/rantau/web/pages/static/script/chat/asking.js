// Asking: a message is on the page at once, is said until the server has heard it, and can be stopped at any time.
import { askAgain } from "../page/api.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { showBadge } from "./badge.js";
import { dropNotice, notice } from "./notice.js";
import { forget, newName, refusedIn, remember, waiting } from "./outbox.js";
import { placeOf } from "./tree.js";

const KEPT = new Set(["busy", "too_many"]); // refused, and yet the question is kept: its answers have failed
const UNSURE = /^(?:network|unavailable|bad_answer|http_5\d\d)$/; // nobody knows whether the server has it
const PATIENTLY = { wait: () => showBadge("reconnecting") };

export class Asking {
  pending = null; // the question that the server has not answered for
  stopping = false;
  #desk;
  #refusedOnes = []; // and not written into the field, since something stands there
  #takenBack = null; // before anybody knew whether the server has it: unchanged, it keeps its name
  #unsent = null; // nobody knows whether the server has it
  #onWay = new Set(); // names of messages, and ids of answers beside which another one is asked for

  constructor(desk) {
    this.#desk = desk;
  }

  /** Messages that are shown and that the server does not have. */
  get unkept() {
    return this.pending ? [...this.#refusedOnes, this.pending] : this.#refusedOnes;
  }

  /** Nobody knows whether the server has the last message, and it is not being said. */
  get unheard() {
    return this.#unsent !== null;
  }

  /** Another talk is opened. */
  leave() {
    this.pending = this.#unsent = null;
    this.#refusedOnes = [];
    this.stopping = false;
  }

  /** What was refused in this talk is shown again. */
  recall(talk) {
    this.#refusedOnes = refusedIn(talk).map((message) => shown(message, message.created));
  }

  send(text, parent) {
    dropNotice();
    const talk = this.#desk.talk?.id ?? null;
    const making = talk ? null : this.#desk.making;
    const before = this.#takenBack?.talk === talk ? this.#takenBack : null;
    const same = before?.text === text && before.parent === parent && (talk || JSON.stringify(before.making) === JSON.stringify(making));
    this.#takenBack = null;
    const named = talk ? null : (before?.named ?? newName()); // its talk may be made already, and keeps its name whatever is changed
    return this.#submit({ talk, making, named, client_id: same ? before.client_id : newName(), text, parent });
  }

  /** What a reload, or another talk, came in between of. */
  resend() {
    const found = waiting().find((message) => message.talk === this.#desk.talk?.id);
    return found ? this.#submit(found) : undefined;
  }

  /** Of a talk that was not made before a reload, the first message is written again. */
  rewrite() {
    const found = [...waiting(), ...refusedIn(null)].find((message) => !message.talk && !this.#onWay.has(message.client_id));
    if (found) this.#takeBack(found);
  }

  async #submit(message) {
    const { opened } = this.#desk;
    const isHere = () => opened === this.#desk.opened;
    this.#expect(message);
    this.#onWay.add(message.client_id);
    try {
      remember(message);
      message.talk ??= (await this.#desk.makeTalk(message.named, message.making)).id;
      remember(message);
      const { talk, making, named, ...body } = message;
      const answer = await askAgain("POST", `/api/talks/${talk}/messages`, body, PATIENTLY);
      forget(message.client_id);
      return isHere() ? this.#accepted(message, answer) : this.#desk.sidebar.load();
    } catch (error) {
      if (!isHere()) return undefined; // it waits until its talk is opened again
      if (UNSURE.test(error.code)) return this.#unheard(message, error);
      forget(message.client_id);
      return this.#refused(message, error, isHere);
    } finally {
      this.#onWay.delete(message.client_id);
    }
  }

  /** The "9" keeps it behind all that the server has. */
  #expect(message) {
    this.#refusedOnes = this.#refusedOnes.filter((each) => each.id !== message.client_id);
    this.pending = shown(message, `9${new Date().toISOString()}`);
    this.#desk.chosen.delete(placeOf(this.pending));
    this.#unsent = null;
    this.#desk.draw();
    this.#desk.conversation.toEnd();
  }

  #accepted(message, { message: question, answers }) {
    const desk = this.#desk;
    if (this.#isPending(message)) this.pending = null;
    if (this.#refusedOnes.length) desk.chosen.set(placeOf(question), question.id); // clocks differ
    desk.learned([{ ...question, client_id: message.client_id }, ...answers]);
    desk.sidebar.load();
    desk.following.asked(answers);
    return this.stopping ? this.#stopAll() : undefined;
  }

  #isPending(message) {
    return this.pending?.client_id === message.client_id;
  }

  /** It is said again under the same name, or taken back. */
  #unheard(message, error) {
    if (this.stopping) return this.#takeBack(message);
    this.#unsent = message;
    this.pending = { ...this.pending, unheard: true };
    this.#desk.draw();
    const [retry, closed] = [() => this.#submit(message), () => this.#takeBack(message)];
    return notice(wordsOf(error), { retryS: error.retryS, retry, closed, kind: "bad" });
  }

  async #refused(message, error, isHere) {
    const desk = this.#desk;
    if (this.#isPending(message)) this.pending = null;
    this.stopping = false;
    await desk.reload().catch(() => {});
    const kept = KEPT.has(error.code);
    if (!isHere()) return kept ? undefined : remember(message);
    const restored = !kept && this.#giveBack(message);
    desk.draw();
    const retry = kept ? this.#failedAgain() : () => this.#anew(message, restored);
    notice(wordsOf(error), { retryS: error.retryS, retry: error.retryS ? retry : null, kind: "bad" });
    if (error.code === "signed_out") desk.standing.signedOut();
    return undefined;
  }

  /** In the same place of the tree, as it may have been changed since it was restored. */
  #anew(message, restored) {
    const { composer } = this.#desk;
    const text = (restored && composer.text.trim()) || message.text;
    if (restored) composer.clear();
    return this.#submit({ ...message, text });
  }

  /** The question was kept, and its answers have failed: they are asked for anew. Blind rounds cannot be. */
  #failedAgain() {
    const failed = this.#desk.drawing.lastAnswers.filter((message) => message.state === "failed");
    if (this.#desk.mode === "blind" || !failed.length) return null;
    return () => Promise.all(failed.map((message) => this.beside(message, "regenerate")));
  }

  #takeBack(message) {
    this.pending = this.#unsent = null;
    this.stopping = false;
    dropNotice();
    if (this.#giveBack(message)) this.#takenBack = message;
    this.#desk.draw();
  }

  /** Into the field, or beside what stands there. Returns   false if it could not be written there */
  #giveBack(message) {
    const { composer } = this.#desk;
    this.drop({ id: message.client_id });
    if (!composer.text) composer.put(message.text);
    if (composer.text === message.text) return true;
    const refused = { ...message, refused: true, created: new Date().toISOString() };
    remember(refused);
    const asked = shown(refused, refused.created);
    this.#refusedOnes = [...this.#refusedOnes, asked];
    this.#desk.chosen.set(placeOf(asked), asked.id);
    return false;
  }

  /** A refused message is sent otherwise, or not at all. */
  drop({ id }) {
    forget(id);
    this.#refusedOnes = this.#refusedOnes.filter((each) => each.id !== id);
  }

  /** what: regenerate, or continue; the new answer stands beside the old one. Pressed twice it is asked for once. */
  async beside(message, what, name = newName()) {
    if (this.#onWay.has(message.id)) return;
    const { opened } = this.#desk;
    dropNotice();
    this.#onWay.add(message.id);
    try {
      const { answers } = await askAgain("POST", `/api/messages/${message.id}/${what}`, { client_id: name }, PATIENTLY);
      if (opened !== this.#desk.opened) return;
      this.#desk.chosen.delete(placeOf(message));
      this.#desk.learned(answers);
      this.#desk.following.asked(answers);
    } catch (error) {
      if (opened !== this.#desk.opened) return;
      await this.#desk.reload().catch(() => {});
      const unsure = UNSURE.test(error.code);
      const retry = unsure || error.retryS ? () => this.beside(message, what, unsure ? name : newName()) : null;
      notice(wordsOf(error), { retryS: error.retryS, retry, kind: "bad" });
    } finally {
      this.#onWay.delete(message.id);
    }
  }

  /** Valid before the server has heard the message, too: then it is stopped as soon as it has. */
  stop() {
    if (this.#unsent) return this.#takeBack(this.#unsent);
    this.stopping = true;
    this.#desk.draw();
    return this.pending ? undefined : this.#stopAll();
  }

  async #stopAll() {
    this.stopping = false;
    await Promise.all(this.#desk.drawing.openAnswers.map((message) => this.#stopOne(message)));
  }

  async #stopOne(message) {
    this.#desk.learned([{ ...message, state: "stopping" }]);
    try {
      await askAgain("POST", `/api/generations/${message.generation}/stop`, {});
    } catch (error) {
      toast(wordsOf(error));
      const now = this.#desk.messages.get(message.id);
      if (now?.state === "stopping") this.#desk.learned([{ ...now, state: message.state }]); // it can be stopped again
      await this.#desk.reload().catch(() => {});
    }
  }
}

/** As it stands in the tree. created: its place among its siblings */
function shown(message, created) {
  return { ...message, id: message.client_id, role: "user", side: "", created, state: "complete", pending: true };
}
