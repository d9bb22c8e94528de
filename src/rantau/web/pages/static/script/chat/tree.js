// A talk is a tree: what is shown of it is one path. Pure functions of messages and of the branches that were chosen.

export const OPEN = new Set(["queued", "running", "stopping"]);
export const isOpen = (message) => OPEN.has(message.state);

const byAge = (a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : a.id < b.id ? -1 : 1);

/** Siblings are alternatives: questions after the same message, or answers of one side to the same question. */
export const placeOf = (message) => `${message.parent ?? ""}/${message.role}/${message.side ?? ""}`;

/**
 * Turns from the first one: {question, questions, answers}, answers in the order of their sides: {side, shown, versions}.
 * chosen: place -> id of the message that is shown there; without it the newest is.
 */
export function turnsOf(messages, chosen = new Map()) {
  const places = grouped(messages);
  const turns = [];
  let parents = [""];
  while (parents.length) {
    const questions = parents.flatMap((parent) => places.get(`${parent}/user/`) ?? []).sort(byAge);
    const question = pick(questions, chosen);
    if (!question) break;
    const answers = ["", "a", "b"].map((side) => answerOf(question, side, places, chosen)).filter(Boolean);
    turns.push({ question, questions, answers });
    parents = [question.id, ...answers.map((answer) => answer.shown.id)];
  }
  return turns;
}

function grouped(messages) {
  const places = new Map();
  for (const message of messages) {
    const place = placeOf(message);
    if (!places.has(place)) places.set(place, []);
    places.get(place).push(message);
  }
  return places;
}

function answerOf(question, side, places, chosen) {
  const versions = (places.get(`${question.id}/assistant/${side}`) ?? []).sort(byAge);
  return versions.length ? { side, versions, shown: pick(versions, chosen) } : null;
}

function pick(siblings, chosen) {
  if (!siblings.length) return null;
  const wanted = chosen.get(placeOf(siblings[0]));
  return siblings.find((message) => message.id === wanted) ?? siblings.at(-1);
}

/** The message that the next question follows; null at the beginning. */
export function nextParent(turns, mode) {
  const last = turns.at(-1);
  if (!last) return null;
  return mode === "single" ? (last.answers[0]?.shown.id ?? null) : last.question.id;
}
