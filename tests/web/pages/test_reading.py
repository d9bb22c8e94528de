"""Reading an answer that is being written: where the page stands, and what a screen reader hears."""

from __future__ import annotations

from typing import Any

from rantau.web.records.models import Message, Talk
from rantau.web.records.models.talks import OPEN
from tests.web.pages.chat import Chat
from tests.web.pages.teller import ANSWERS, PLAIN, RICH, Teller

AREA = "document.querySelector('#main')"
LEFT = f"{AREA}.scrollHeight - {AREA}.scrollTop - {AREA}.clientHeight"
ALOUD = """(() => {
  window.aloud = [];
  new MutationObserver(() => aloud.push(document.querySelector('#aloud').textContent))
    .observe(document.querySelector('#aloud'), { childList: true });
})()"""


def test_who_turns_back_by_a_line_is_not_dragged_to_the_end(chat: Chat, teller: Teller) -> None:
    chat.page.look(width=1000, height=500)
    teller.held = 300
    chat.send("#long")
    chat.page.until(
        f"document.querySelector('.said')?.innerText.length > 1400 && {LEFT} < 2 && {AREA}.scrollTop > 60"
    )
    chat.page.run(f"{AREA}.addEventListener('scroll', () => (window.scrolled = true))")
    there = chat.page.run(f"{AREA}.scrollTop -= 30")
    chat.page.until("window.scrolled")
    teller.held = None
    chat.saved()
    assert abs(chat.page.run(f"{AREA}.scrollTop") - there) < 2
    chat.page.click("#latest")
    chat.page.until(f"{LEFT} < 2")


def test_of_a_long_talk_only_what_is_seen_is_laid_out(chat: Chat, owner: Any) -> None:
    """It opens at its end, and stays where it is read on the way up."""
    talk = Talk.objects.create(owner=owner)
    parent = None
    for n in range(30):
        asked = Message.objects.create(talk=talk, parent=parent, role="user", text=f"ke-{n}", author=owner)
        parent = Message.objects.create(
            talk=talk, parent=asked, role="assistant", text=RICH, author=owner, state="done", model="demo"
        )
    chat.begin(f"/talk/{talk.id}")
    chat.page.until(f"{LEFT} < 2 && document.querySelectorAll('.turn').length === 30")
    seen = "[...document.querySelectorAll('.asked')].map(t => t.checkVisibility({ contentVisibilityAuto: true }))"
    chat.page.until(f"(seen => seen.at(-1) && !seen[0])({seen})")
    moved = chat.page.run(f"""(async () => {{
      const turn = document.querySelectorAll('.turn')[20];
      turn.scrollIntoView();
      const top = turn.getBoundingClientRect().top;
      for (let n = 0; n < 10; n++) {{
        {AREA}.scrollTop -= 50;
        await new Promise(requestAnimationFrame);
      }}
      return turn.getBoundingClientRect().top - top;
    }})()""")
    assert abs(moved - 500) < 3
    assert chat.page.run("document.querySelector('.asked').textContent") == "ke-0"


def test_the_end_stays_in_sight_when_the_window_gets_lower(chat: Chat) -> None:
    chat.page.look(width=1000, height=600)
    chat.ask("#long")
    chat.page.until(f"{LEFT} < 2 && {AREA}.scrollTop > 60")
    chat.page.look(width=1000, height=500)
    chat.page.until(f"innerHeight === 500 && {LEFT} < 2")


def test_whole_sentences_are_said_of_what_is_shown(chat: Chat, monkeypatch: Any) -> None:
    monkeypatch.setitem(ANSWERS, "#pi", "Pi adalah 3.14 kira-kira. Itu cukup.\n\nSelesai")
    chat.page.run(ALOUD)
    chat.ask("#pi")
    said = " ".join(chat.page.run("aloud"))
    assert said.split() == ["Pi", "adalah", "3.14", "kira-kira.", "Itu", "cukup.", "Selesai"]
    for part in chat.page.run("aloud"):
        assert not part.endswith("3.")


def test_an_answer_of_another_branch_is_not_said_between(chat: Chat, teller: Teller) -> None:
    chat.ask("satu")
    teller.held = 3
    chat.click("Answer again", ".answer")
    chat.page.until("document.querySelector('.said')?.innerText === 'Tentu. Hujan adalah'")
    chat.page.until("document.querySelector('#aloud').textContent === 'Tentu.'")  # while it is shown, it is said
    chat.click("Previous version", ".answer")
    chat.page.run(ALOUD)
    teller.held = None
    while chat.talk().messages.filter(state__in=OPEN).exists():
        chat.page.listen(0.05)
    chat.page.listen(0.5)
    assert chat.page.run("aloud") == []
    assert chat.answers() == [PLAIN]


def test_speech_takes_no_longer_for_texts_without_sentences(chat: Chat) -> None:
    """Thai has no full stops. Each piece costs what it costs, however much came before."""
    tries = chat.page.run("""(async () => {
      const base = document.querySelector('link[rel=icon]').href.replace(/mark\\.svg$/, 'script/');
      const { Speech } = await import(`${base}chat/speech.js`);
      return [1, 2, 3].map(() => {
        const place = document.createElement('p');
        const speech = new Speech(place);
        const feed = n => {
          const start = performance.now();
          for (let i = 0; i < n; i++) speech.feed('ประเทศ');
          return performance.now() - start;
        };
        feed(500);
        const spent = [feed(500), feed(2000)];
        speech.finish();
        return [...spent, place.textContent.replaceAll(' ', '').length];
      });
    })()""")
    assert any(more < 20 * max(few, 5) for few, more, _ in tries), tries  # a busy machine halts now and then
    assert {said for *_, said in tries} == {3000 * len("ประเทศ")}


def test_a_side_that_ends_before_the_other_begins_is_shown_as_a_whole(
    chat: Chat, teller: Teller, monkeypatch: Any
) -> None:
    """What waited for its pair is a character at the end, also where both sides wait for one another."""
    monkeypatch.setitem(ANSWERS, "#star", "lima *kali")
    chat.mode("blind")
    teller.late = "demo-base"
    chat.send("#star")
    chat.page.until("document.querySelectorAll('.answer').length === 2")
    if chat.talk().messages.get(role="user").battle.kind == "ab":
        chat.page.until("[...document.querySelectorAll('.said')].some(e => e.innerText === 'lima *kali')")
    teller.late = ""
    chat.saved()
    assert chat.answers() == ["lima *kali"] * 2
