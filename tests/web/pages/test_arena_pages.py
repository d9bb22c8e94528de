"""Comparing and blind rounds in the browser: both sides stream, nothing tells the names before the vote."""

from __future__ import annotations

import json
from typing import Any

from tests.web.pages.chat import Chat
from tests.web.pages.teller import BASE, PLAIN, Teller

NAMES = "[...document.querySelectorAll('.pair .who')].map(e => e.innerText)"


def in_mode(chat: Chat, mode: str, text: str = "Apa itu hujan?") -> None:
    chat.mode(mode)
    chat.ask(text)


def test_compare_shows_base_and_adapted_side_by_side(chat: Chat) -> None:
    in_mode(chat, "compare")
    assert chat.page.run(NAMES) == ["Base", "Demo"]
    assert chat.answers() == [BASE, PLAIN]
    left, right = chat.page.run(
        "[...document.querySelectorAll('.pair > *')].map(e => e.getBoundingClientRect().x)"
    )
    assert left < right
    assert chat.page.run("getComputedStyle(document.querySelector('.sides')).display") == "none"
    assert len(chat.page.run("[...document.querySelectorAll('.pair .usage')].map(e => e.innerText)")) == 2
    chat.ask("dan laut?")
    assert len(chat.answers()) == 4


def test_on_a_phone_sides_are_tabs(chat: Chat) -> None:
    chat.page.look(width=390, height=844)
    chat.begin()
    chat.mode("compare")
    chat.page.click("#text")
    chat.page.type("Apa itu hujan?")
    chat.page.click("#send")
    chat.saved()
    sides = "[...document.querySelectorAll('.pair .said')]"
    shown = f"{sides}.filter(e => e.getClientRects().length).map(e => e.innerText)"
    assert chat.page.run(shown) == [BASE]
    chat.page.click(".sides button:nth-child(2)")
    assert chat.page.run(shown) == [PLAIN]
    chat.page.press("ArrowLeft")
    assert chat.page.run(shown) == [BASE]
    assert chat.page.run("document.activeElement.ariaSelected") == "true"


def test_a_blind_round(chat: Chat) -> None:
    """Vote with reasons, reveal, take it back, vote again."""
    from rantau.web.records.models import Vote

    in_mode(chat, "blind")
    page = chat.page
    assert page.run(NAMES) == ["Answer A", "Answer B"]
    shown = page.run("document.querySelector('#conversation').innerText")
    assert not any(word in shown for word in ("Demo", "Base", "tokens", "revision"))
    assert not page.run("document.querySelector('.pair .usage, .pair [aria-label=\"Answer again\"]')")
    chat.click("Fluent language", ".vote")
    chat.click("A is better", ".vote")
    page.until("document.querySelector('.reveal')")
    vote = Vote.objects.get()
    assert (vote.choice, vote.reasons, vote.language) == ("a", ["fluency"], "en")
    assert 0 <= vote.dwell_ms < 60_000
    battle = vote.battle
    names = {battle.a.model, battle.b.model}
    told = page.text(".reveal")
    assert all(title in told for title, name in (("Demo", "demo"), ("Base", "demo-base")) if name in names)
    assert len(page.run("[...document.querySelectorAll('.pair .usage')].map(e => e.innerText)")) == 2
    chat.click("Undo the vote")
    page.until("document.querySelector('.vote .choices')")
    assert page.run(NAMES) == ["Answer A", "Answer B"]
    chat.click("Both are bad")
    page.until("document.querySelector('.reveal')")
    assert Vote.objects.get().choice == "bad"


def test_voters_are_told_before_who_may_read_their_votes(chat: Chat) -> None:
    """In a chat of one person there is nobody to be told of."""
    in_mode(chat, "blind")
    assert "can export votes" in chat.page.text(".vote")
    chat.click("A is better", ".vote")
    chat.page.until("document.querySelector('.reveal')")
    chat.click("Good answer", ".pair")
    assert "can export opinions" in chat.page.text(".judge")
    chat.page.run("document.querySelector('meta[name=rantau-people]').content = 'one'")
    chat.ask("dan laut?")
    assert "can export" not in chat.page.text(".turn:last-child .vote")


def test_nothing_on_the_wire_tells_the_sides(chat: Chat) -> None:
    in_mode(chat, "blind")
    said = json.dumps(chat.page.frames)
    assert "demo" not in said
    rows = chat.page.run("fetch(`/api${location.pathname.replace('talk', 'talks')}`).then(r => r.json())")
    told = [m for m in rows["messages"] if m["role"] == "assistant"]
    assert [(m["model"], m["digest"], m["prompt_tokens"], m["wall_ms"]) for m in told] == [
        ("", "", None, None)
    ] * 2


def test_no_vote_before_both_have_ended(chat: Chat, teller: Teller) -> None:
    teller.held = 4
    chat.mode("blind")
    chat.send("Apa itu hujan?")
    chat.told(".vote", "You can vote when both answers are complete.")
    assert not chat.page.run("document.querySelector('.vote button')")
    teller.held = None
    chat.page.until("document.querySelectorAll('.vote .choices button').length === 4")


def test_sides_begin_together(chat: Chat, teller: Teller) -> None:
    """The side that is ready first waits for the other one, three seconds at most."""
    teller.late, teller.held = "demo-base", 3  # a side that has ended waits for nothing
    chat.page.run("""(later => {
      window.setTimeout = (act, ms, ...more) => ms === 3000 ? 0 : later(act, ms, ...more); // they are never over
    })(window.setTimeout.bind(window))""")
    chat.mode("blind")
    chat.send("Apa itu hujan?")
    chat.told(".pair", "Both models are beginning")
    assert [text for text in chat.answers() if text] == []
    teller.late, teller.held = "", None
    chat.saved()
    assert set(chat.answers()) <= {BASE, PLAIN}


def test_the_same_model_on_both_sides_is_told_after_the_vote(chat: Chat) -> None:
    from rantau.web.records.models import Battle

    in_mode(chat, "blind")
    battle = Battle.objects.get()
    Battle.objects.update(kind="aa")
    type(battle.a).objects.filter(id__in=[battle.a_id, battle.b_id]).update(model="demo-base")
    chat.click("Equally good", ".vote")
    chat.told(".reveal", "Both sides were the same model")


def votes(owner: Any, *choices: str) -> None:
    """Rounds that were voted on: w, l, t, b as the adapted model, on side A, sees them."""
    from rantau.web.records.models import Battle, Message, Talk, Vote

    talk = Talk.objects.create(owner=owner, mode="blind")
    for choice in choices:
        question = Message.objects.create(talk=talk, role="user", text="x", author=owner)
        a, b = (
            Message.objects.create(
                talk=talk, parent=question, role="assistant", side=s, state="done", text=s, model=m, author=owner
            )
            for s, m in (("a", "demo"), ("b", "demo-base"))
        )  # fmt: skip
        battle = Battle.objects.create(message=question, a=a, b=b, adapted_side="a", blind=True)
        told = {"w": "a", "l": "b", "t": "tie", "b": "bad"}[choice]
        Vote.objects.create(battle=battle, voter=owner, choice=told, reasons=["fluency"])


def test_results_before_the_first_vote(chat: Chat) -> None:
    chat.begin("/arena")
    assert "No votes yet" in chat.page.text("main")
    chat.click("Start a blind round")
    chat.page.until("document.body.dataset.begun && document.querySelector('#modes input[value=blind]')?.checked")


def test_results_with_few_votes_and_with_enough(chat: Chat, owner: Any) -> None:
    votes(owner, *"wwlt")
    chat.begin("/arena")
    told = chat.page.text("main")
    assert "63%" in told
    assert "Not enough votes yet" in told
    chat.page.until("document.querySelector('.interval .span.open')")  # it is drawn once its place has a width
    votes(owner, *"w" * 40)
    chat.begin("/arena")
    told = chat.page.text("main")
    assert "People prefer the adapted model" in told
    assert "95% Wilson interval" in told
    low, high = chat.page.until(
        "(s => [s.x1.baseVal.value, s.x2.baseVal.value])(document.querySelector('.interval .span'))"
    )
    middle = chat.page.run("document.querySelector('.interval .even').x1.baseVal.value")
    assert middle < low < high
    saved = chat.page.run("fetch(document.querySelector('a[download]').href).then(r => r.status)")
    assert saved == 200
