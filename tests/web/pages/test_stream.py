"""No word is lost or said twice, whatever happens to the connection, the tab or the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rantau.serving.protocol import End, EntryId, Tokens
from rantau.serving.queue import Claims, Presence
from rantau.web.broker import admission
from rantau.web.talks.admitting import admit
from rantau.web.upkeep.requeue import requeue
from tests.waiting import until
from tests.web.pages.chat import PHASE, SAVED, Chat
from tests.web.pages.looking import script
from tests.web.pages.teller import PLAIN, Teller
from tests.web.playing import Player
from tests.web.running import Web, asked

TYPED = "document.querySelector('#text').value"
LIVE = "[...document.querySelectorAll('.said')].at(-1)?.innerText"
TWICE = "(event, hear) => { hear(event); hear(event); }"
CUT_SHORT = """(event, hear, socket) => {
  hear(event);
  window.drops ??= 0;
  if (JSON.parse(event.data).t === 'ev' && drops < 3) { drops++; socket.close(); }
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
    assert chat.page.run("Object.keys(sessionStorage)") == ["rantau:user"]


def test_another_tab_shows_the_same(chat: Chat, teller: Teller) -> None:
    held_at(chat, teller, 5)
    with closing(chat.page.tab()) as tab:
        other = Chat(tab)
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


def test_the_end_of_an_answer_is_told_to_other_tabs_once(chat: Chat, teller: Teller) -> None:
    """By the tab that asked: three that follow it would have each other look again, six times in all."""
    held_at(chat, teller, 5)
    others = [Chat(chat.page.tab()) for _ in range(2)]
    for other in others:
        other.begin(chat.page.run("location.pathname"))
        other.page.until(f"{LIVE} === {' '.join(PLAIN.split()[:5])!r}")
        other.page.run("window.heard = 0; new BroadcastChannel('rantau').onmessage = () => window.heard++")
    chat.page.run("window.heard = 0; new BroadcastChannel('rantau').onmessage = () => window.heard++")
    teller.held = None
    for each in (chat, *others):
        each.saved()
    for each in (chat, *others):
        each.page.until("window.heard")
    chat.page.listen(0.5)
    assert [each.page.run("window.heard") for each in (chat, *others)] == [1, 1, 1]  # its own second channel, too
    others[0].page.close()
    others[1].page.close()


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


def test_a_machine_without_any_network_reaches_itself(chat: Chat, teller: Teller) -> None:
    """On a journey, say: the browser tells of no network, and the chat runs here."""
    prepare(chat, "noNetwork()")
    held_at(chat, teller, 4)
    chat.page.run("dispatchEvent(new Event('offline'))")
    teller.held = None
    chat.saved()
    assert chat.answers() == [PLAIN]


@pytest.mark.parametrize("change", [TWICE, CUT_SHORT], ids=["twice", "cut short"])
def test_frames_that_come_twice_or_not_to_the_end(chat: Chat, teller: Teller, change: str) -> None:
    teller.pause_s, teller.held = 0.008, 60
    prepare(chat, "soon()", f"changeFrames({change})")
    chat.send("#long")
    for n in (1, 2, 3) if change == CUT_SHORT else ():  # each time it is cut, the rest has come before it goes on
        chat.page.until(f"window.drops >= {n} && {LIVE}?.trim().split(' ').length === {teller.held}")
        teller.held += 60
    teller.pause_s, teller.held = 0.001, None
    chat.saved()
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


def test_after_an_answer_only_what_is_new_is_asked_for(chat: Chat) -> None:
    """A talk of 300 messages has 600 KB."""
    chat.ask("satu")
    chat.ask("dua")
    looks = [r for r in chat.page.requests if f"/api/talks/{chat.talk().id}" in r and not r.endswith("/messages")]
    assert len(looks) >= 2 and all("?since=" in r for r in looks)
    texts = f"fetch({json.dumps(looks[-1])}).then(r => r.json()).then(talk => talk.messages.map(m => m.text))"
    assert chat.page.run(texts) == ["dua", PLAIN]
    assert chat.questions() == ["satu", "dua"]


@pytest.mark.parametrize("way", ["events", "poll"])
def test_without_sockets_it_comes_another_way(chat: Chat, way: str) -> None:
    prepare(chat, "soon()", "noSocket()", *(["noEvents()"] if way == "poll" else []))
    chat.ask("Apa itu hujan?")
    assert chat.answers() == [PLAIN]
    ways = [r for r in chat.page.requests if "/api/generations/" in r]
    assert any("/events?after=0-0" in r for r in ways) == (way == "events")
    assert any("?after=0-0&wait=" in r for r in ways) == (way == "poll")
    chat.ask("dan laut?")
    assert chat.answers() == [PLAIN, PLAIN]


def test_a_stream_of_events_without_a_place_is_asked_for_again(chat: Chat, teller: Teller) -> None:
    """The server takes so many streams of one person; the page waits, and then reads all from where it was."""
    prepare(chat, "soon()", "noSocket()", "noPlaceAtFirst()")
    held_at(chat, teller, 3)
    assert chat.page.run("window.left")
    assert len([r for r in chat.page.requests if "/events?after=0-0" in r]) == 1
    teller.held = None
    chat.saved()
    assert chat.answers() == [PLAIN]


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


def test_a_first_message_survives_a_reload_before_its_talk_is_made(chat: Chat) -> None:
    chat.page.block("*/api/talks")
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('#badge').dataset.state === 'reconnecting'")
    chat.begin()
    assert chat.page.run(TYPED) == "Apa itu hujan?"
    chat.page.block()
    chat.page.press("Enter")
    chat.saved()
    assert chat.answers() == [PLAIN]
    chat.expected = list(chat.page.errors)


def test_who_stops_what_cannot_be_said_gets_it_back(chat: Chat) -> None:
    prepare(chat, "hurry()")
    chat.page.block("*/messages")
    chat.send("Apa itu hujan?")
    chat.page.until(f"{PHASE} === 'sending'")
    chat.page.click("#send")
    chat.page.until(f"{PHASE} === 'idle'")
    assert chat.page.run(TYPED) == "Apa itu hujan?"
    assert chat.page.run("sessionStorage.getItem('rantau:outbox')") is None
    chat.expected = list(chat.page.errors)


def test_a_connection_that_says_nothing_any_more_is_given_up(chat: Chat) -> None:
    """As after a sleep: the first try is never answered."""
    prepare(chat, "hurry()", "silent('/messages')")
    chat.ask("Apa itu hujan?")
    assert chat.answers() == [PLAIN]
    assert chat.talk().messages.filter(role="user").count() == 1


def test_what_is_asked_anew_after_its_end_was_told(
    open_chat: Callable[..., Any], owner: Any, player: Player
) -> None:
    """The broker lost the answer between its end and the database."""
    with open_chat(owner) as chat:
        chat.begin()
        chat.send("Apa itu hujan?")
        chat.page.until("document.querySelector('.answer')")
        first = chat.talk().messages.get(role="assistant").generations.get()
        player.say(str(first.id), "Hujan.")
        player.end(str(first.id))
        chat.page.until("document.querySelector('#badge').dataset.state === 'saving'")
        second = requeue(first)
        chat.page.until(f"{LIVE} === '' && {PHASE} === 'answering'")
        admit(second, admission())
        player.say(str(second.id), "Air.")
        chat.page.until(f"{LIVE} === 'Air.'")
        assert chat.page.errors == []


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


def test_who_runs_the_chat_is_told_where_to_look(
    open_chat: Callable[..., Any], owner: Any, stranger: Any, site: Any
) -> None:
    """No worker answers: the log that says why is named to administrators, and to nobody else."""
    log = Path(site.folder) / "logs" / "worker-1.log"
    owner.is_staff = True
    owner.save()
    with open_chat(owner) as chat, open_chat(stranger, apart=True) as other:
        chat.page.look(width=1280, height=600)
        chat.begin()
        chat.told("#banner", "its log says why")
        assert chat.page.run("document.querySelector('#main').scrollTop") == 0
        log.parent.mkdir(exist_ok=True)
        log.write_text("out of memory")
        try:
            chat.told("#banner code", str(log))
            other.begin()
            other.told("#banner", "No model is running")
            assert "log" not in other.page.text("#banner")
        finally:
            log.unlink()


def test_a_model_that_loads_says_how_far_it_is(open_chat: Callable[..., Any], owner: Any, queue: Any) -> None:
    presence = Presence(queue)

    def shown(banner: str, **facts: str) -> bool:
        presence.say("w1", {"pool": "main", **facts})  # again and again, as a worker does: it is forgotten soon
        return bool(chat.page.run(f"(banner => {banner})(document.querySelector('#banner'))"))

    with open_chat(owner) as chat:
        chat.begin()
        until(lambda: shown("banner.innerText.includes('62% done')", state="loading", share="0.62"))
        assert chat.page.run("document.querySelector('#banner progress').value") == 0.62
        until(lambda: shown("banner.hidden", state="ready", share="1"))


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
    assert chat.page.run(TYPED) == "dua"
    chat.expected = list(chat.page.errors)


def test_who_signs_out_leaves_nothing_in_the_tab(chat: Chat, teller: Teller) -> None:
    held_at(chat, teller, 4)
    chat.page.run("dispatchEvent(new Event('pagehide'))")
    assert "hujan" in chat.page.run("sessionStorage.getItem('rantau:logs')").lower()
    chat.page.click("#sign-out button")
    chat.page.until("location.pathname === '/login'")
    assert chat.page.run("sessionStorage.length") == 0


def test_what_another_person_left_in_the_tab_is_forgotten(chat: Chat) -> None:
    chat.page.run("sessionStorage.setItem('rantau:draft:', 'rahasia')")
    chat.begin()
    assert chat.page.run(TYPED) == "rahasia"
    chat.page.run("sessionStorage.setItem('rantau:user', 'somebody else')")
    chat.begin()
    assert chat.page.run(TYPED) == ""
