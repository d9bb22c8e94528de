"""Importing: what was exported comes back, and nothing that a file claims is believed."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from rantau.web.records.models import Battle, Feedback, Message, Talk
from rantau.web.talks import importing


def exported(page: Any, talk: Talk) -> Any:
    return json.loads(page.client.get(f"/api/talks/{talk.id}/export?format=json").content)


@pytest.fixture
def talk(owner: Any, exchange: Callable[..., list[Message]]) -> Talk:
    """Two branches, one of them with a second question."""
    talk = Talk.objects.create(owner=owner, title="Judul", system_prompt="S", wish={"temperature": 0.5})
    _, answer = exchange(talk, "satu", " A\n")
    exchange(talk, "dua", "B", parent=answer)
    exchange(talk, "lain", "C")
    return talk


@pytest.fixture
def file(page: Any, talk: Talk) -> Any:
    return exported(page, talk)


def tree(messages: list[Any]) -> list[Any]:
    places = {m["id"]: n for n, m in enumerate(messages)}
    return [(m["role"], m["text"], m["side"], m["state"], m["reason"], places.get(m["parent"])) for m in messages]


def test_a_talk_comes_back(page: Any, stranger_page: Any, stranger: Any, talk: Talk, file: Any) -> None:
    status, made = stranger_page("POST", "/api/talks/import", file)
    assert status == 201, made
    assert (made["title"], made["system_prompt"], made["wish"]) == ("Judul", "S", {"temperature": 0.5})
    assert tree(made["messages"]) == tree(file["messages"])
    assert not {m["id"] for m in made["messages"]} & {m["id"] for m in file["messages"]}
    assert Talk.objects.get(id=made["id"]).owner == stranger
    assert {m.author for m in Message.objects.filter(talk=made["id"])} == {stranger}
    assert tree(exported(stranger_page, Talk.objects.get(id=made["id"]))["messages"]) == tree(file["messages"])


def test_nothing_that_a_file_claims_is_believed(page: Any, owner: Any, file: Any) -> None:
    file["talk"] |= {"id": "x", "owner": 1, "created": "2099-01-01T00:00:00Z", "model": "demo", "deleted": "x"}
    for message in file["messages"]:
        message |= {
            "model": "demo", "digest": "sha256:aa", "tokens": [1], "author": 99, "code": "x", "first_ms": 1,
            "completion_tokens": 9, "feedback": {"value": 1}, "created": "2099-01-01T00:00:00Z", "client_id": "c",
        }  # fmt: skip
    status, made = page("POST", "/api/talks/import", file)
    assert status == 201
    rows = Message.objects.filter(talk=made["id"])
    for row in rows:
        assert (row.model, row.digest, row.tokens, row.code, row.client_id) == ("", "", [], "", "")
        assert (row.completion_tokens, row.first_ms, row.author) == (None, None, owner)
    assert max(m["created"] for m in made["messages"]) < "2090" and made["created"] < "2090"
    assert not Feedback.objects.exists() and not Battle.objects.exists()


def test_answers_that_were_being_written_have_stopped(page: Any, file: Any) -> None:
    for state in ("running", "queued", "stopping", "complete", "x", None, ["done"]):
        changed = copy.deepcopy(file)
        for message in changed["messages"]:
            message["state"] = state
        status, made = page("POST", "/api/talks/import", changed)
        assert status == 201, made
        assert {m["state"] for m in made["messages"]} == {"complete", "stopped"}


def test_what_is_thumbed_here_trains_nobody(page: Any, owner: Any, file: Any) -> None:
    made = page("POST", "/api/talks/import", file)[1]
    answer = next(m for m in made["messages"] if m["role"] == "assistant")
    assert page("PUT", f"/api/messages/{answer['id']}/feedback", {"value": 1})[0] == 200
    assert page.client.get("/api/arena/export?format=kto").content == b""


def test_a_blind_talk_becomes_an_open_one(page: Any, blind: Talk) -> None:
    status, made = page("POST", "/api/talks/import", exported(page, blind))
    assert (status, made["mode"]) == (201, "compare")
    assert [(m["side"], m["battle"]) for m in made["messages"]] == [("", None), ("a", None), ("b", None)]


def test_the_talk_goes_on(page: Any, file: Any, player: Any) -> None:
    made = page("POST", "/api/talks/import", file)[1]
    last = made["messages"][-1]
    status, told = page(
        "POST", f"/api/talks/{made['id']}/messages", {"client_id": "n", "text": "lagi", "parent": last["id"]}
    )
    assert status == 202, told
    assert [m["content"] for m in player.take()[-1].messages] == ["S", "lain", "C", "lagi"]


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def act(file: Any) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in steps:
            file = file[step]
        file[last] = value

    return act


BREAKS = [
    _set("format", "other"), _set("version", 2), _set("talk", []), _set("talk.mode", "duel"),
    _set("talk.title", 3),
    _set("talk.title", "a\x00"), _set("talk.wish", {"evil": 1}), _set("talk.system_prompt", "a" * 16_001),
    _set("messages", {}), _set("messages.0", 3), _set("messages.0.role", "system"), _set("messages.0.role",
    ["user"]),
    _set("messages.0.id", 3), _set("messages.0.id", ""), _set("messages.0.text", ""),
    _set("messages.0.text", None),
    _set("messages.0.text", "a" * 16_001), _set("messages.1.text", "a" * 200_001), _set("messages.1.text",
    ["x"]),
    _set("messages.1.side", "a"), _set("messages.1.side", None), _set("messages.1.parent", None),
    _set("messages.1.parent", "nowhere"), _set("messages.1.parent", ["x"]), _set("messages.0.role",
    "assistant"),
    _set("messages.1.text", "\ud800"),
]  # fmt: skip


def test_a_file_that_is_wrong_brings_nothing(page: Any, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PER_MINUTE", 100)
    before = Talk.objects.count(), Message.objects.count()
    for n, break_it in enumerate(BREAKS):
        wrong = copy.deepcopy(file)
        break_it(wrong)
        status, told = page("POST", "/api/talks/import", wrong)
        assert status in (400, 413) and told["error"]["message"], n
    assert (Talk.objects.count(), Message.objects.count()) == before


def test_messages_follow_only_what_stands_before_them(page: Any, file: Any) -> None:
    first, second = file["messages"][0], file["messages"][1]
    first["parent"] = second["id"]  # a circle
    assert page("POST", "/api/talks/import", file)[0] == 400
    first["parent"] = first["id"]
    assert page("POST", "/api/talks/import", file)[0] == 400
    first["parent"], second["id"] = None, first["id"]
    assert page("POST", "/api/talks/import", file)[0] == 400


def test_too_much_is_refused(page: Any, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = file["messages"][0]
    file["messages"] = [{**one, "id": f"m{n}"} for n in range(importing.MOST_MESSAGES + 1)]
    assert page("POST", "/api/talks/import", file)[0] == 400
    file["messages"] = [{**one, "id": f"m{n}", "text": "a" * 16_000} for n in range(251)]
    assert page("POST", "/api/talks/import", file)[0] == 413
    monkeypatch.setattr(importing, "PER_MINUTE", 2)
    status, told = page("POST", "/api/talks/import", file)
    assert (status, told["error"]["code"]) == (429, "rate_limited")
