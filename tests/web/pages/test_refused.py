"""Messages of which the answer was lost or that were refused: no talk is made twice, no text goes away."""

from __future__ import annotations

from typing import Any

from tests.waiting import until
from tests.web.pages.chat import PHASE, Chat
from tests.web.pages.test_asking import TYPED, refuse_once

TOLD = "window.told.map(b => b.client_id)"
LOSE = """(real => {
  window.told = [];
  window.fetch = async (address, how) => {
    const making = how?.method === 'POST' && address === '/api/talks';
    if (making) window.told.push(JSON.parse(how.body));
    const answer = await real(address, how);
    if (making && window.told.length === 1) throw new TypeError('the answer is lost');
    return answer;
  };
})(window.fetch.bind(window))"""


def test_a_talk_is_made_once_however_often_it_is_asked_for(chat: Chat) -> None:
    """The answer that named it was lost."""
    chat.page.run(LOSE)
    chat.ask("satu")
    first, second = chat.page.run(TOLD)
    assert first == second
    assert chat.talk().owner.talks.count() == 1
    assert chat.questions() == ["satu"]


def test_a_talk_that_was_made_before_a_reload_is_not_made_again(chat: Chat, owner: Any) -> None:
    """The server has it, and the page does not know: what was asked is written into the field and sent again."""
    chat.page.run(LOSE.replace("throw new TypeError('the answer is lost')", "await new Promise(() => {})"))
    chat.send("satu")
    chat.page.until(f"{PHASE} === 'sending' && window.told.length === 1")
    until(lambda: owner.talks.count() == 1)
    chat.begin("/")
    assert chat.page.run(TYPED) == "satu"
    chat.page.click("#send")
    chat.page.until("document.querySelectorAll('.answer .said').length")
    chat.saved()
    assert owner.talks.count() == 1
    assert owner.talks.get().messages.filter(role="user").count() == 1


def test_a_talk_that_was_made_before_a_reload_takes_what_was_changed(chat: Chat, owner: Any) -> None:
    """Another text and another mode: it is the same talk, and none is left over."""
    chat.page.run(LOSE.replace("throw new TypeError('the answer is lost')", "await new Promise(() => {})"))
    chat.send("satu")
    until(lambda: owner.talks.count() == 1)
    chat.begin("/")
    chat.page.run(f"{TYPED} = ''")
    chat.mode("compare")
    chat.send("dua")
    chat.page.until("document.querySelectorAll('.answer .said').length === 2")
    chat.saved()
    [talk] = owner.talks.all()
    assert (talk.mode, [m.text for m in talk.messages.filter(role="user")]) == ("compare", ["dua"])


DISCARD = "document.querySelector('[aria-label=\"Discard the message\"]')"


def refused_beside_another(chat: Chat) -> None:
    """`dua` is refused while `tiga` is being written."""
    refuse_once(chat, "rate_limited", 429)
    chat.hold("/messages")
    chat.send("dua")
    chat.page.until("!!window.goOn")
    chat.page.type("tiga")
    chat.page.run("window.goOn()")
    chat.page.until(f"!!{DISCARD}")
    assert chat.page.run(TYPED) == "tiga"
    assert chat.page.text(".state.refused") == "Not sent"


def test_a_refused_message_stays_beside_what_is_being_written(chat: Chat) -> None:
    chat.ask("satu")
    refused_beside_another(chat)
    chat.begin(chat.page.run("location.pathname"))
    assert (chat.questions(), chat.page.run(TYPED)) == (["satu", "dua"], "tiga")
    chat.page.run("document.querySelectorAll('[aria-label=\"Edit the message\"]')[1].click()")
    chat.page.type(" lagi")
    chat.click("Send as a new branch")
    chat.page.until("document.querySelectorAll('.answer .said').length === 2")
    chat.saved()
    assert (chat.questions(), chat.page.run(TYPED)) == (["satu", "dua lagi"], "tiga")
    assert chat.page.run("sessionStorage.getItem('rantau:outbox')") is None
    texts = chat.talk().messages.filter(role="user").values_list("text", flat=True)
    assert list(texts) == ["satu", "dua lagi"]


def test_what_is_sent_after_a_refusal_is_shown(chat: Chat) -> None:
    """The refused message is another version of it, until it is discarded."""
    chat.ask("satu")
    chat.page.run("Date.prototype.toISOString = () => '2999-01-01T00:00:00.000Z'")  # a clock that is ahead
    refused_beside_another(chat)
    chat.page.click("#text")
    chat.page.press("Enter")
    chat.page.until("document.querySelectorAll('.answer .said').length === 2")
    chat.saved()
    assert chat.questions() == ["satu", "tiga"]
    chat.page.run("document.querySelectorAll('[aria-label=\"Next version\"]')[0].click()")
    assert chat.questions() == ["satu", "dua"]
    chat.page.run(f"{DISCARD}.click()")
    assert chat.questions() == ["satu", "tiga"]
    assert not chat.page.run("document.querySelector('.versions')")


def test_a_first_message_that_was_refused_stays_in_its_talk(chat: Chat, owner: Any) -> None:
    refused_beside_another(chat)
    talk = chat.talk()
    chat.page.click("#new")
    chat.page.until("location.pathname === '/'")
    chat.begin(f"/talk/{talk.id}")
    assert chat.questions() == ["dua"]
    assert (owner.talks.count(), talk.messages.count()) == (1, 0)
