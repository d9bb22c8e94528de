"""Rows of every known shape become the same dialogue; broken ones say why."""

from pathlib import Path
from typing import Any

import pytest

from rantau.errors import DataError, SourceError
from rantau.records import Dialogue, Document, Message
from rantau.stages.sources.rows import BadRow
from rantau.stages.sources.shapes import read_content, recognise
from tests.stages.sources.given import jsonl, read

ASKED, ANSWER = "Apa ibu kota Indonesia?", "Jakarta."
DIALOGUE = Dialogue((Message("user", ASKED), Message("assistant", ANSWER)))
SHAPES: dict[str, dict[str, Any]] = {
    "cendol": {"input": ASKED, "output": ANSWER, "subset_name": "qa"},
    "messages": {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWER}]},
    "sharegpt": {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWER}]},
    "alpaca": {"instruction": ASKED, "input": "", "output": ANSWER},
    "prompt_completion": {"prompt": ASKED, "completion": ANSWER},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_recognised_and_read(tmp_path: Path, shape: str) -> None:
    assert recognise(frozenset(SHAPES[shape])) == shape
    jsonl(tmp_path / "a.jsonl", [SHAPES[shape]])
    documents, _ = read(tmp_path, "a.jsonl")
    assert documents[0].dialogue == DIALOGUE
    assert documents[0].text == ""


def test_response_is_another_name_for_completion() -> None:
    assert read_content("prompt_completion", {"prompt": ASKED, "response": ANSWER}).dialogue == DIALOGUE


def test_alpaca_input_follows_the_instruction() -> None:
    content = read_content("alpaca", {"instruction": "Terjemahkan.", "input": "Hello", "output": "Halo"})
    assert content.dialogue is not None
    assert content.dialogue.messages[0].content == "Terjemahkan.\n\nHello"


def test_system_turns_come_along() -> None:
    turns = [
        {"from": "system", "value": "Singkat."},
        {"from": "human", "value": "a"},
        {"from": "gpt", "value": "b"},
    ]
    content = read_content("sharegpt", {"conversations": turns})
    assert content.dialogue is not None
    assert [m.role for m in content.dialogue.messages] == ["system", "user", "assistant"]


USER, GOOD, BAD = (
    {"role": "user", "content": ASKED},
    {"role": "assistant", "content": ANSWER},
    {"role": "assistant", "content": "Bandung."},
)
PREFERENCES: dict[str, dict[str, Any]] = {
    "texts": {"prompt": ASKED, "chosen": ANSWER, "rejected": "Bandung."},
    "turns beside a prompt": {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
    "whole turns": {"chosen": [USER, GOOD], "rejected": [USER, BAD]},
    "whole turns and the prompt again": {"prompt": ASKED, "chosen": [USER, GOOD], "rejected": [USER, BAD]},
    "a text and single turns": {"prompt": ASKED, "chosen": [GOOD], "rejected": [BAD]},
}


@pytest.mark.parametrize("row", PREFERENCES.values(), ids=PREFERENCES)
def test_preferences_in_every_form(tmp_path: Path, row: dict[str, Any]) -> None:
    jsonl(tmp_path / "a.jsonl", [row | {"source": "arena"}])
    (document,), _ = read(tmp_path, "a.jsonl")
    assert (document.dialogue, document.rejected) == (DIALOGUE, "Bandung.")
    assert document.fields == {"source": "arena"}
    assert Document.from_row(document.to_row()) == document


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": ASKED, "chosen": ANSWER, "rejected": ANSWER}, "no preference"),
        ({"chosen": [USER, GOOD], "rejected": [{**USER, "content": "Lain?"}, BAD]}, "two prompts"),
        ({"prompt": ASKED, "chosen": ANSWER, "rejected": " "}, "empty rejected"),
        ({"prompt": ASKED, "chosen": ANSWER}, "missing column rejected"),
        ({"chosen": ANSWER, "rejected": "Bandung."}, "missing column prompt"),
        ({"prompt": ASKED, "chosen": 3, "rejected": "Bandung."}, "no turns"),
    ],
)
def test_what_is_no_preference_says_why(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRow) as caught:
        read_content("preference", row)
    assert caught.value.reason == reason


def test_further_columns_become_fields(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{**SHAPES["cendol"], "n": 3, "nested": {"a": 1}, "nothing": None}])
    assert read(tmp_path, "a.jsonl")[0][0].fields == {"subset_name": "qa", "n": "3"}


def test_columns_have_other_names(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"Q": ASKED, "A": ANSWER}])
    documents, _ = read(tmp_path, "a.jsonl", columns={"prompt": "Q", "completion": "A"})
    assert documents[0].dialogue == DIALOGUE
    assert documents[0].fields == {}
    with pytest.raises(DataError, match=r'columns.prompt: no column "QQ"; did you mean "Q"'):
        read(tmp_path, "a.jsonl", columns={"prompt": "QQ", "completion": "A"})


def test_where_is_counted_and_never_an_error(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{**SHAPES["cendol"], "subset_name": s} for s in ("qa", "mt", "qa")])
    documents, dropped = read(tmp_path, "a.jsonl", where={"subset_name": ["qa"]})
    assert [d.row for d in documents] == [1, 3]
    assert [d.reason for d in dropped] == ["where: subset_name"]
    with pytest.raises(DataError, match='where: no column "subset"; did you mean "subset_name"'):
        read(tmp_path, "a.jsonl", where={"subset": ["qa"]})


def test_unknown_columns_are_listed_with_the_way_out(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"judul": "a", "isi": "b"}])
    with pytest.raises(
        SourceError, match=r"columns judul, isi form no known shape.*columns: \{text: <your column>\}"
    ):
        read(tmp_path, "a.jsonl", on_bad_row="drop")


BROKEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing column output": ("cendol", {"input": "a", "outputs": "b"}, r"write columns: \{output: outputs\}"),
    "empty output": ("cendol", {"input": "a", "output": None}, '"output" is null'),
    "empty input": ("cendol", {"input": "", "output": "b"}, '"input" is empty'),
    "not a string": ("cendol", {"input": "a", "output": ["b"]}, '"output" is a list'),
    "no turns": ("messages", {"messages": []}, "is not a list of turns"),
    "broken turn": ("messages", {"messages": [{"role": "user"}]}, "turn 1 needs the keys role and content"),
    "unknown role": (
        "messages",
        {"messages": [{"role": "tool", "content": "a"}]},
        "unknown role 'tool'; known: system",
    ),
    "empty turn": ("sharegpt", {"conversations": [{"from": "human", "value": " "}]}, "turn 1 is empty"),
    "no answer at the end": (
        "sharegpt",
        {"conversations": [{"from": "human", "value": "a"}]},
        "ends on a user turn",
    ),
    "turns do not alternate": (
        "sharegpt",
        {"conversations": [{"from": "gpt", "value": "a"}]},
        "does not alternate",
    ),
    "system turn inside": (
        "messages",
        {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]},
        "not the first",
    ),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_broken_rows_have_a_reason(reason: str) -> None:
    shape, values, message = BROKEN[reason]
    with pytest.raises(BadRow, match=message) as caught:
        read_content(shape, values)
    assert caught.value.reason == reason
