// Messages on their way: each has one name for ever, so that saying it twice is saying it once, also after a reload.
// Those that were refused while another one was being written are kept here, too.
const KEY = "rantau:outbox";

export const newName = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

/**
 * What is not answered for yet: {talk, making, named, client_id, text, parent}; talk null: it is to be made under
 * that name, as making says
 */
export const waiting = (storage) => kept(storage).filter((each) => !each.refused);

/** What was refused in a talk, and waits to be changed. */
export const refusedIn = (talk, storage) => kept(storage).filter((each) => each.refused && each.talk === talk);

export function remember(message, storage = sessionStorage) {
  keep([...kept(storage).filter((each) => each.client_id !== message.client_id), message], storage);
}

export function forget(name, storage = sessionStorage) {
  keep(kept(storage).filter((each) => each.client_id !== name), storage);
}

function kept(storage = sessionStorage) {
  try {
    const found = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => each?.client_id && typeof each.text === "string") : [];
  } catch {
    return [];
  }
}

function keep(messages, storage) {
  try {
    if (messages.length) storage.setItem(KEY, JSON.stringify(messages));
    else storage.removeItem(KEY);
  } catch {
    // a full store: the message is still sent, only a reload in between would lose sight of it
  }
}
