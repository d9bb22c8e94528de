// One answer on the page: its text while it comes, how it stands, and what can be done with it.
import { h, icon, redraw, told } from "../page/dom.js";
import { say } from "../page/words.js";
import { Rendering } from "../markdown/rendering.js";
import { toolsOf, versionsOf } from "./actions.js";
import { failureOf } from "./failure.js";
import { feedbackOf } from "./feedback.js";
import { isOpen } from "./tree.js";
import { revisionOf, usageOf } from "./usage.js";

const SETTLE_MS = 250;
const LONG_MS = 10_000; // in the queue, after which it is looked again whether anybody works

export class AnswerView {
  #desk;
  #message;
  #rendering;
  #pending = "";
  #frame = null;
  #settling = null;
  #queued = null; // since when, as far as was told
  #drawn = "";

  constructor(desk, message) {
    this.#desk = desk;
    this.#message = message;
    this.held = false; // a blind battle shows both sides at once
    this.standing = null;
    this.phase = null;
    this.who = h("h2", { class: "who" });
    this.said = h("div", { class: "said", dir: "auto" });
    this.state = h("p", { class: "state" });
    this.foot = h("div");
    this.judge = h("div"); // the question why stays open when the rest is drawn anew
    this.element = h("section", { class: "answer said-by", data: { message: message.id } }, this.who, h("div", { class: "matter" }, this.said, this.state, this.foot));
    this.#rendering = new Rendering(this.said, { copy: say("answer.copy_code") });
    this.said.addEventListener("click", (event) => this.#copyCode(event));
    this.#whole(message);
  }

  get text() {
    return this.#rendering.text + this.#pending;
  }

  /** What the server says of it now. turn: {side, mode, secret, versions} */
  update(message, turn) {
    const ended = isOpen(this.#message) && !isOpen(message);
    const other = !isOpen(message) && message.text !== this.text;
    this.#message = message;
    if (ended || other) this.#whole(message);
    this.#dress(turn);
  }

  #whole(message) {
    this.#cancel();
    if (!isOpen(message)) this.held = false; // there is nothing more to wait for
    const same = !isOpen(message) && message.text === this.text;
    this.#pending = same ? this.#pending : "";
    if (same) {
      this.#flush();
      this.#rendering.finish();
    } else this.#rendering.reset(isOpen(message) ? message.beginning : message.text, { done: !isOpen(message) });
  }

  /** How the stream tells this view what comes. */
  follower() {
    return {
      text: (whole) => this.#begin(whole),
      piece: (piece) => this.#piece(piece),
      phase: (name) => this.#stand(() => (this.phase = name)),
      standing: (state, ahead) => this.#stood(state, ahead),
      restarted: () => this.#begin(""),
      end: (end, whole) => this.#desk.following.ended(this.#message, end, this.text, whole),
      gone: (message) => this.#desk.following.gone(message),
      lost: (code) => this.#desk.following.lost(code),
    };
  }

  release() {
    this.held = false;
    this.#later();
  }

  #begin(whole) {
    this.#cancel();
    this.#pending = "";
    this.#rendering.reset(this.#message.beginning + whole);
    this.#drawState();
  }

  #piece(piece) {
    const first = !this.text;
    const interrupted = this.phase === "restarted";
    this.#pending += piece;
    this.phase = this.standing = null;
    this.#desk.following.heard(this.#message, piece);
    this.#later();
    if (first || interrupted) this.#drawState();
  }

  #stood(state, ahead) {
    this.#stand(() => (this.standing = { state, ahead }));
    this.#queued = state === "queued" ? (this.#queued ?? Date.now()) : null;
    if (this.#queued === null || Date.now() - this.#queued < LONG_MS) return;
    this.#queued = Date.now();
    this.#desk.readiness.look();
  }

  #stand(change) {
    change();
    this.#drawState();
  }

  #later() {
    this.#frame ??= requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    this.#frame = null;
    if (this.held || !this.#pending) return;
    const piece = this.#pending;
    this.#pending = "";
    if (this.#rendering.append(piece)) return;
    this.#settling ??= setTimeout(() => {
      this.#settling = null;
      this.#rendering.settle();
    }, SETTLE_MS);
  }

  #cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
    this.#frame = this.#settling = null;
  }

  #dress(turn) {
    const message = this.#message;
    const model = turn.secret ? null : this.#desk.model(message.model);
    const kind = turn.secret ? "secret" : (model?.kind ?? "");
    const looks = JSON.stringify([message, kind, turn.side, turn.secret, turn.versions.map((v) => v.id), turn.chosen]);
    this.#drawState();
    if (looks === this.#drawn) return;
    this.#drawn = looks;
    this.element.className = `answer said-by ${kind} ${turn.chosen ? "chosen" : ""}`.trim();
    this.who.replaceChildren(h("span", { class: `dot ${kind}` }), h("bdi", { text: nameOf(turn, model, message) }));
    if (kind === "adapted") this.said.lang = told("answers");
    this.#drawFoot(turn);
  }

  #drawFoot(turn) {
    const message = this.#message;
    const versions = versionsOf(this.#desk, turn.versions, message);
    if (isOpen(message)) return redraw(this.foot, ...(versions.length ? [h("div", { class: "tools" }, versions)] : []));
    const parts = [];
    const failure = failureOf(this.#desk, message, turn);
    if (failure) parts.push(failure);
    const changed = (value) => this.#desk.learned([{ ...message, feedback: value }]);
    const tools = toolsOf(this.#desk, message, turn, turn.secret ? [] : feedbackOf(message, this.judge, changed));
    if (tools) parts.push(tools, this.judge);
    const usage = turn.secret ? [] : [...usageOf(message), revisionOf(message), leftOut(message)].filter(Boolean);
    if (usage.length) parts.push(h("p", { class: "usage" }, usage));
    return redraw(this.foot, ...parts);
  }

  #drawState() {
    const message = this.#message;
    const words = isOpen(message) ? standingWords(message, this) : "";
    this.said.classList.toggle("live", isOpen(message) && !words);
    this.state.hidden = !words;
    this.element.setAttribute("aria-busy", String(isOpen(message)));
    if (this.state.dataset.words === words) return;
    this.state.dataset.words = words;
    this.state.replaceChildren(h("span", { class: "beads", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { text: words }));
  }

  #copyCode(event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    this.#desk.copy(button.closest(".code").querySelector("pre").textContent, button);
  }
}

function nameOf({ secret, side, mode }, model, message) {
  const letter = mode === "blind" ? side.toUpperCase() : "";
  if (secret) return say("answer.side", { side: letter });
  const name = (model?.title ?? message.model) || say("answer.unnamed"); // of what was imported nobody knows
  return letter ? `${letter}: ${name}` : name;
}

/** Why nothing is to be seen yet; "" while text comes. */
function standingWords(message, view) {
  if (message.state === "stopping") return say("state.stopping");
  if (view.held) return say("state.both");
  if (view.text.length > message.beginning.length) return view.phase === "restarted" ? say("state.restarted") : "";
  const ahead = view.standing?.ahead;
  if (view.standing?.state === "queued" && ahead !== null) return ahead ? say("state.queued", { n: ahead }) : say("state.next");
  if (view.phase) return say(`state.${view.phase}`);
  return say(message.state === "queued" ? "state.sent" : "state.prefill");
}

function leftOut(message) {
  return message.left_out ? h("span", {}, icon("warn"), say("usage.left_out", { n: message.left_out })) : null;
}
