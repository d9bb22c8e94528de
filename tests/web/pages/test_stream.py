"""No word is lost or said twice, whatever happens to the connection, the tab or the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rantau.serving.protocol import End, EntryId, Tokens
from rantau.serving.queue import Claims, Presence
from tests.web.pages.chat import PHASE, SAVED, Chat
from tests.web.pages.looking import script
from tests.web.pages.teller import PLAIN, Teller
from tests.web.playing import Player
from tests.web.running import Web, asked

LIVE = "[...document.querySelectorAll('.said')].at(-1)?.innerText"
TWICE = "(event, hear) => { hear(event); hear(event); }"
CUT_SHORT = """(event, hear, socket, n) => {
  hear(event);
  window.drops ??= 0;
  if (n > 2 && drops < 3) { drops++; socket.close(); }
}"""
WRONG = "(event, hear) => hear({ data: event.data.replace('air', 'AIR') })"


def prepare(chat: Chat, *calls: str) -> None:
    """The page is loaded anew, and functions of stubs.js are called before it runs."""
    for source in (script("stubs"), *(f"stubs.{call}" for call in calls)):
        chat.page.send("Page.addScriptToEvaluateOnNewDocument", source=source)
    chat.begin()


def held_at(chat: Chat, teller: Teller, n: int, text: str = "Apa itu hujan?") -> None:
    teller.held = n
    chat.send(text)
    shown = " ".join(PLAIN.split()[:n])
    chat.page.until(f"{LIVE} === {shown!r}")


def frames(chat: Chat, kind: str) -> list[dict[str, Any]]:
    return [frame for frame in chat.page.frames if frame.get("t") == kind]


def test_a_reload_in_the_middle_goes_on_from_there(chat: Chat, teller: Teller) -> None:
    held_at(chat, teller, 5)
    chat.page.frames.clear()
    chat.begin(chat.page.run("location.pathname"))
    chat.page.until(f"{LIVE} === {' '.join(PLAIN.split()[:5])!r}")
    teller.held = None
    chat.saved()
    assert chat.answers() == [PLAIN]
    [sub] = frames(chat, "sub")
    assert sub["after"] == "1-6"  # the phase and five words: nothing is fetched again
    assert chat.page.run("sessionStorage.length") == 0


def test_another_tab_shows_the_same(chat: Chat, teller: Teller) -> None:
    held_at(chat, teller, 5)
    other = Chat(chat.page.tab())
    other.page.look(width=1280)
    other.begin(chat.page.run("location.pathname"))
    other.page.until(f"{LIVE} === {' '.join(PLAIN.split()[:5])!r}")
    teller.held = None
    for each in (chat, other):
        each.saved()
        assert each.answers() == [PLAIN]
    other.ask("dan laut?")
    chat.page.until("document.querySelectorAll('.answer .said').length === 2")
    chat.saved()
    assert chat.answers() == [PLAIN, PLAIN]
    assert other.page.errors == []


def test_a_web_process_that_dies_costs_nothing(chat: Chat, teller: Teller, pages_web: Web) -> None:
    held_at(chat, teller, 4)
    pages_web.stop()
    chat.page.until("document.querySelector('#badge').dataset.state === 'reconnecting'")
    assert chat.page.text("#badge") == "Reconnecting…"
    teller.held = 9
    pages_web.start()
    chat.page.until(f"{LIVE} === {' '.join(PLAIN.split()[:9])!r}")
    teller.held = None
    chat.saved()
    assert chat.answers() == [PLAIN]
    chat.expected = list(chat.page.errors)


def test_offline_and_back(chat: Chat, teller: Teller) -> None:
    held_at(chat, teller, 4)
    chat.page.offline()
    chat.page.until("document.querySelector('#badge').dataset.state === 'offline'")
    teller.held = None
    chat.page.listen(0.5)
    assert chat.answers() == [" ".join(PLAIN.split()[:4])]
    chat.page.offline(False)
    chat.saved()
    assert chat.answers() == [PLAIN]
    chat.expected = list(chat.page.errors)


@pytest.mark.parametrize("change", [TWICE, CUT_SHORT], ids=["twice", "cut short"])
def test_frames_that_come_twice_or_not_to_the_end(chat: Chat, teller: Teller, change: str) -> None:
    teller.pause_s = 0.008
    prepare(chat, f"changeFrames({change})")
    chat.ask("#long")
    assert chat.answers()[0].split() == ["kata"] * 400
    if change == CUT_SHORT:
        assert chat.page.run("drops") == 3
        assert len(frames(chat, "sub")) == 4
        assert len({sub["after"] for sub in frames(chat, "sub")}) == 4


def test_a_text_that_is_not_the_servers_is_fetched_and_reported(chat: Chat) -> None:
    prepare(chat, f"changeFrames({WRONG})")
    chat.ask("Apa itu hujan?")
    assert chat.answers() == [PLAIN]
    assert [r for r in chat.page.requests if r.endswith("/mismatch")]


@pytest.mark.parametrize("way", ["events", "poll"])
def test_without_sockets_it_comes_another_way(chat: Chat, way: str) -> None:
    prepare(chat, "noSocket()", *(["noEvents()"] if way == "poll" else []))
    chat.ask("Apa itu hujan?")
    assert chat.answers() == [PLAIN]
    ways = [r for r in chat.page.requests if "/api/generations/" in r]
    assert any("/events?after=0-0" in r for r in ways) == (way == "events")
    assert any("?after=0-0&wait=" in r for r in ways) == (way == "poll")
    chat.ask("dan laut?")
    assert chat.answers() == [PLAIN, PLAIN]


def test_a_message_of_which_the_answer_was_lost_is_said_once(chat: Chat) -> None:
    prepare(chat, "loseAnswer()")
    chat.ask("Apa itu hujan?")
    assert chat.answers() == [PLAIN]
    assert chat.talk().messages.filter(role="user").count() == 1
    assert len([r for r in chat.page.requests if r.endswith("/messages")]) == 2


def test_a_message_is_said_until_it_is_heard(chat: Chat) -> None:
    chat.page.block("*/messages")
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('#badge').dataset.state === 'reconnecting'")
    assert chat.questions() == ["Apa itu hujan?"]
    address = chat.page.run("location.pathname")
    chat.page.block()
    chat.begin(address)  # a reload in between: the message is still on its way
    chat.page.until("document.querySelectorAll('.answer .said').length === 1")
    chat.saved()
    assert chat.answers() == [PLAIN]
    assert chat.talk().messages.filter(role="user").count() == 1
    chat.expected = list(chat.page.errors)


def test_the_place_in_the_queue(open_chat: Callable[..., Any], owner: Any, stranger: Any) -> None:
    """No worker is there: that is told, and who waits before."""
    asked(stranger)
    with open_chat(owner) as chat:
        chat.begin()
        chat.told("#banner", "No model is running")
        chat.send("Apa itu hujan?")
        chat.page.until("document.querySelector('.state')?.innerText === '1 message before yours'")
        chat.page.click("#send")
        chat.told(".answer", "You stopped this answer.")
        assert chat.page.run(PHASE) == "idle"
        assert chat.page.errors == []


def test_another_worker_goes_on_where_one_broke_off(
    open_chat: Callable[..., Any], owner: Any, queue: Any, player: Player
) -> None:
    with open_chat(owner) as chat:
        chat.begin()
        chat.send("Apa itu hujan?")
        chat.page.until("document.querySelector('.answer')")
        name = str(chat.talk().messages.get(role="assistant").generations.get().id)
        player.say(name, "Hujan ", "adalah ")
        chat.page.until(f"{LIVE} === 'Hujan adalah'")
        other = Claims(queue, "other", idle_ms=1)
        [held] = other.claim(1)
        chat.told(".answer", "The answer was interrupted and goes on…")
        assert chat.answers() == ["Hujan adalah"]
        ids = (EntryId(held.attempt, held.first.seq + n) for n in range(2))
        other.write([(held, next(ids), Tokens("air.", (3,)))])
        other.finish(held, next(ids), End("eos", "done", 3))
        chat.page.until(f"{PHASE} === 'idle'")
        assert chat.answers() == ["Hujan adalah air."]
        assert chat.page.errors == []


def test_a_model_that_loads_says_how_far_it_is(open_chat: Callable[..., Any], owner: Any, queue: Any) -> None:
    presence = Presence(queue)
    presence.say("w1", {"pool": "main", "state": "loading", "share": "0.62"})
    with open_chat(owner) as chat:
        chat.begin()
        chat.told("#banner", "62% done")
        assert chat.page.run("document.querySelector('#banner progress').value") == 0.62
        presence.say("w1", {"pool": "main", "state": "ready", "share": "1"})
        chat.page.until("document.querySelector('#banner').hidden")


def test_too_much_at_once_is_refused_and_can_be_tried_again(open_chat: Callable[..., Any], owner: Any) -> None:
    for n in range(4):
        asked(owner, f"pesan {n}")
    with open_chat(owner) as chat:
        chat.begin()
        chat.send("satu lagi")
        chat.told("#notice, .failure", "at once")
        chat.page.until(f"{SAVED} && document.querySelector('.failure')")
        assert chat.questions() == ["satu lagi"]
        chat.told(".failure", "at once")
        chat.click("Try again", ".failure")
        chat.page.until("document.querySelector('.versions')")
        assert "2 of 2" in chat.page.text(".versions")


def test_who_is_signed_out_is_told_and_loses_nothing(chat: Chat, owner: Any) -> None:
    from django.contrib.sessions.models import Session

    chat.ask("satu")
    Session.objects.all().delete()
    chat.send("dua")
    chat.told("#notice", "signed out")
    chat.expected = list(chat.page.errors)
