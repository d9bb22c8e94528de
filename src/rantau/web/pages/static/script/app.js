// The chat.
import { askAgain } from "./page/api.js";
import { find } from "./page/dom.js";
import { wordsOf } from "./page/errors.js";
import { menuButton } from "./page/menu.js";
import { loadWords, say } from "./page/words.js";
import { forgetAll, keepFor } from "./stream/kept.js";
import { Readiness, showBadge } from "./chat/badge.js";
import { offerImport } from "./chat/bringing.js";
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
  keepFor(me.user, sessionStorage);
  const desk = new Desk(me);
  const wanted = new URLSearchParams(location.search).get("mode");
  if (MODES.includes(wanted) && me.models.length > 1) desk.draft.mode = wanted;
  const readiness = new Readiness((ready) => (me.ready = ready), me.logs);
  desk.attach({ conversation: new Conversation(desk), composer: new Composer(desk), sidebar: new Sidebar(desk), start: new Start(desk), readiness });
  readiness.show(me.ready);
  find("#talk-menu").append(menuButton(say("talk.actions"), "more", () => desk.actionsOf(desk.talk)));
  for (const button of [find("#new"), find("#new-here")]) {
    button.addEventListener("click", () => {
      desk.sidebar.close();
      desk.open(null);
    });
  }
  offerImport(desk);
  find("#sign-out")?.addEventListener("submit", () => {
    desk.following.leave(); // what goes on would be kept again when the page goes
    forgetAll(sessionStorage);
  });
  addEventListener("popstate", () => desk.open(idIn(location.pathname), { push: false }));
  addEventListener("online", () => {
    desk.draw();
    readiness.look();
  });
  addEventListener("offline", () => desk.draw());
  desk.sidebar.load();
  await desk.open(idIn(location.pathname), { push: false });
  document.body.dataset.begun = "true";
}

begin();
