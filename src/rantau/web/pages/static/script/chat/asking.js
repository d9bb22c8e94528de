// Asking: a message is on the page at once, is said until the server has heard it, and can be stopped at any time.
import { askAgain } from "../page/api.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { showBadge } from "./badge.js";
import { dropNotice, notice } from "./notice.js";
import { forget, newName, remember, waiting } from "./outbox.js";
import { placeOf } from "./tree.js";

const RESTORES = new Set(["empty", "too_long", "bad_text", "rate_limited", "no_worker", "unfinished", "bad_parent"]);
const PATIENTLY = { wait: () => showBadge("reconnecting") };

export class Asking {
  pending = null; // the question that the server has not answered for
  stopping = false;
  #desk;
  #unsent = null; // nobody knows whether the server has it

  constructor(desk) {
    this.#desk = desk;
  }

  /** Another talk is opened. */
  leave() {
    this.pending = this.#unsent = null;
    this.stopping = false;
  }

  send(text, parent) {
    this.#desk.composer.clear();
    dropNotice();
    return this.#submit({ talk: this.#desk.talk?.id ?? null, client_id: newName(), text, parent });
  }

  /** What a reload came in between of. */
  resend() {
    const found = waiting().find((message) => message.talk === this.#desk.talk?.id);
    return found ? this.#submit(found) : undefined;
  }

  async #submit(message) {
    this.#expect(message);
    try {
      message.talk ??= (await this.#desk.makeTalk()).id;
      remember(message);
      const { talk, ...body } = message;
      const answer = await askAgain("POST", `/api/talks/${talk}/messages`, body, PATIENTLY);
      forget(message.client_id);
      return this.#accepted(message, answer);
    } catch (error) {
      if (error.code === "network") return this.#unheard(message, error);
      forget(message.client_id);
      return this.#refused(message, error);
    }
  }

  /** The "9" keeps it behind all that the server has. */
  #expect(message) {
    const created = `9${new Date().toISOString()}`;
    this.pending = { ...message, id: message.client_id, role: "user", side: "", created, state: "complete", pending: true };
    this.#unsent = null;
    this.#desk.draw();
    this.#desk.conversation.toEnd();
  }

  #accepted(message, { message: question, answers }) {
    const desk = this.#desk;
    if (desk.talk?.id !== message.talk) return desk.sidebar.load();
    this.pending = null;
    desk.learned([{ ...question, client_id: message.client_id }, ...answers]);
    desk.sidebar.load();
    desk.others.tell();
    return this.stopping ? this.#stopAll() : undefined;
  }

  /** It is said again under the same name, or taken back. */
  #unheard(message, error) {
    this.#unsent = message;
    notice(wordsOf(error), { retry: () => this.#submit(message), kind: "bad" });
  }

  async #refused(message, error) {
    const desk = this.#desk;
    const mine = this.pending?.client_id === message.client_id;
    if (mine) this.pending = null;
    this.stopping = false;
    if (desk.talk) await desk.reload().catch(() => {});
    if (!mine) return;
    const restores = RESTORES.has(error.code);
    if (restores && !desk.composer.text) desk.composer.put(message.text);
    desk.draw();
    const again = restores ? () => desk.composer.submit() : this.#failedAgain();
    notice(wordsOf(error), { retryS: error.retryS, retry: error.retryS ? again : null, kind: "bad" });
    if (error.code === "signed_out") desk.signedOut();
  }

  /** The question was kept, and its answers have failed: they are asked for anew. Blind rounds cannot be. */
  #failedAgain() {
    const failed = this.#desk.lastAnswers().filter((message) => message.state === "failed");
    if (this.#desk.mode === "blind" || !failed.length) return null;
    return () => Promise.all(failed.map((message) => this.beside(message, "regenerate")));
  }

  #takeBack() {
    const { text, client_id: name } = this.#unsent;
    forget(name);
    this.leave();
    dropNotice();
    if (!this.#desk.composer.text) this.#desk.composer.put(text);
    this.#desk.draw();
  }

  /** what: regenerate, or continue; the new answer stands beside the old one. */
  async beside(message, what) {
    dropNotice();
    try {
      const { answers } = await askAgain("POST", `/api/messages/${message.id}/${what}`, { client_id: newName() }, PATIENTLY);
      this.#desk.chosen.delete(placeOf(message));
      this.#desk.learned(answers);
      this.#desk.others.tell();
    } catch (error) {
      await this.#desk.reload().catch(() => {});
      const retry = error.retryS ? () => this.beside(message, what) : null;
      notice(wordsOf(error), { retryS: error.retryS, retry, kind: "bad" });
    }
  }

  /** Valid before the server has heard the message, too: then it is stopped as soon as it has. */
  stop() {
    if (this.#unsent) return this.#takeBack();
    this.stopping = true;
    this.#desk.draw();
    return this.pending ? undefined : this.#stopAll();
  }

  async #stopAll() {
    this.stopping = false;
    await Promise.all(this.#desk.openAnswers().map((message) => this.#stopOne(message)));
  }

  async #stopOne(message) {
    this.#desk.learned([{ ...message, state: "stopping" }]);
    try {
      await askAgain("POST", `/api/generations/${message.generation}/stop`, {});
    } catch (error) {
      toast(wordsOf(error));
      await this.#desk.reload().catch(() => {});
    }
  }
}
