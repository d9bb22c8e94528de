// How answers are drawn: parameters, system prompt and model of the open talk, or of the one that will be made.
import { askAgain } from "../page/api.js";
import { wordsOf } from "../page/errors.js";
import { toast } from "../page/toast.js";
import { changedOf, openPanel } from "./panel.js";

export class Parameters {
  #desk;

  constructor(desk) {
    this.#desk = desk;
  }

  get #now() {
    const { wish, system_prompt: prompt } = this.#desk.talk ?? this.#desk.draft;
    return { wish: wish ?? {}, system_prompt: prompt };
  }

  /** Do they differ from the site's? */
  get differ() {
    const { me } = this.#desk;
    const { wish, system_prompt: prompt } = this.#now;
    return changedOf(wish, me.wish, me.cannot).length > 0 || (prompt ?? me.system_prompt) !== me.system_prompt;
  }

  tune() {
    const { me } = this.#desk;
    const context = Math.min(...me.models.map((model) => model.context));
    openPanel({ now: this.#now, defaults: me, context }, (changed) => this.#change(changed));
  }

  useModel(name) {
    this.#desk.draft.model = name;
    return this.#change({ model: name });
  }

  async #change(fields) {
    const desk = this.#desk;
    if (!desk.talk) Object.assign(desk.draft, fields);
    else await this.#changeTalk(desk.talk.id, fields);
    desk.draw();
  }

  async #changeTalk(id, fields) {
    try {
      const changed = await askAgain("PATCH", `/api/talks/${id}`, fields);
      if (this.#desk.talk?.id === id) this.#desk.talk = changed;
    } catch (error) {
      toast(wordsOf(error));
    }
  }
}
