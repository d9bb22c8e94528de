// The chat.
import { askAgain } from "./page/api.js";
import { find } from "./page/dom.js";
import { wordsOf } from "./page/errors.js";
import { menuButton } from "./page/menu.js";
import { loadWords, say } from "./page/words.js";
import { forgetAll } from "./stream/log.js";
import { Readiness, showBadge } from "./chat/badge.js";
import { Composer } from "./chat/composer.js";
import { Conversation } from "./chat/conversation.js";
import { Desk } from "./chat/desk.js";
import { notice } from "./chat/notice.js";
import { Sidebar } from "./chat/sidebar.js";
import { MODES, Start } from "./chat/start.js";

const idIn = (path) => /^\/talk\/([0-9a-f-]{36})$/.exec(path)?.[1] ?? null;

async function begin() {
  await loadWords();
  let me;
  try {
    me = await askAgain("GET", "/api/me", undefined, { wait: () => showBadge("reconnecting") });
  } catch (error) {
    notice(wordsOf(error), { retry: () => location.reload(), kind: "bad" });
    return;
  }
  const desk = new Desk(me);
  const wanted = new URLSearchParams(location.search).get("mode");
  if (MODES.includes(wanted) && me.models.length > 1) desk.draft.mode = wanted;
  desk.attach({ conversation: new Conversation(desk), composer: new Composer(desk), sidebar: new Sidebar(desk), start: new Start(desk) });
  new Readiness((ready) => (me.ready = ready)).show(me.ready);
  find("#talk-menu").append(menuButton(say("talk.actions"), "more", () => desk.actionsOf(desk.talk)));
  find("#new").addEventListener("click", () => {
    desk.sidebar.close();
    desk.open(null);
  });
  find("#sign-out")?.addEventListener("submit", () => forgetAll(sessionStorage));
  addEventListener("popstate", () => desk.open(idIn(location.pathname), { push: false }));
  addEventListener("online", () => desk.draw());
  addEventListener("offline", () => desk.draw());
  desk.sidebar.load();
  await desk.open(idIn(location.pathname), { push: false });
  document.body.dataset.begun = "true";
}

begin();
