"""The checker can fail: what is broken on purpose is found."""

from collections import Counter
from typing import Any

import pytest
from bench.serving import checking
from bench.serving.soak_house import N_WORDS
from bench.serving.tabs import Asked, Tab, Unavailable

from rantau.serving.engines.fake import word
from rantau.serving.protocol import EntryId

WHOLE = "".join(word(place, "m_") for place in range(N_WORDS))


def asked(text: str = WHOLE, state: str = "done", **changed: Any) -> Asked:
    end = {"k": "end", "r": "eos", "s": state, "n": len(text)}
    made = Asked("0-0", "m_", "t", "a", "g", [EntryId(1, 1)], text, end)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def row(text: str = WHOLE, state: str = "done", **changed: Any) -> dict[str, Any]:
    return {"id": "a", "role": "assistant", "state": state, "text": text, "generation": "g", **changed}


def broken(monkeypatch: pytest.MonkeyPatch, seen: Asked, *rows: dict[str, Any]) -> list[str]:
    tab = Tab("http://nowhere", 0, 0, None)  # type: ignore[arg-type]
    tab.asked = [seen]
    monkeypatch.setattr(tab, "patiently", lambda *_: {"messages": list(rows)})
    return checking._kept(tab, Counter(), within_s=0)


def test_what_was_kept_as_it_was_seen_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken(monkeypatch, asked(), row()) == []
    some = WHOLE[:40]
    assert broken(monkeypatch, asked(some, "stopped", stopped=True), row(some, "stopped")) == []


@pytest.mark.parametrize(
    ("seen", "rows"),
    [
        (asked(), [row(WHOLE + "x")]),
        (asked(WHOLE[1:]), [row()]),
        (asked(WHOLE[:-5]), [row(WHOLE[:-5])]),
        (asked(), [row(state="failed")]),
        (asked(state="stopped"), [row(state="stopped")]),
        (asked(end=None), [row()]),
        (asked(), []),
        (asked(), [row(), row(id="b")]),
        (asked(), [row(generation="other")]),
        (asked(), [row(state="running")]),
        (asked(wrong="1-3 came after 1-1"), [row()]),
    ],
)
def test_what_is_broken_is_found(monkeypatch: pytest.MonkeyPatch, seen: Asked, rows: list[dict[str, Any]]) -> None:
    assert broken(monkeypatch, seen, *rows)


@pytest.mark.parametrize("ids", [["1-1", "1-3"], ["1-1", "1-1"], ["1-2"], ["1-1", "2-1"]])
def test_an_entry_twice_or_left_out_is_noticed(ids: list[str]) -> None:
    seen = Asked("0-0", "m_", "t", "a", "g")
    for id_ in ids:
        seen.see(id_, {"k": "tok", "t": "a"})
    assert seen.wrong


def test_entries_in_order_across_attempts_are_fine() -> None:
    seen = Asked("0-0", "m_", "t", "a", "g")
    for id_ in ("1-1", "1-2", "3-3", "3-4"):
        seen.see(id_, {"k": "tok", "t": "a"})
    assert seen.wrong is None and seen.text == "aaaa"


def test_of_an_answer_whose_log_is_gone_the_kept_message_tells_the_rest() -> None:
    for text, fine in ((WHOLE, True), ("x" + WHOLE, False)):
        seen = Asked("0-0", "m_", "t", "a", "g", [EntryId(1, 1)], WHOLE[:5])
        seen.see_kept(row(text))
        assert (seen.wrong is None) == fine
        assert seen.end is not None and seen.end["s"] == "done"
    with pytest.raises(Unavailable):
        Asked("0-0", "m_", "t", "a", "g").see_kept({})
