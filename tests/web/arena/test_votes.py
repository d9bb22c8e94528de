"""Votes: after the end, once, by whoever asked, undone within ten seconds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from rantau.web.records.models import Battle, Message, Talk, Vote
from rantau.web.talks.submit import submit


def test_a_vote_tells_the_sides(page: Any, ended: Callable[..., Battle]) -> None:
    battle = ended(adapted="b")
    talk = f"/api/talks/{battle.message.talk_id}"
    question, *answers = page("GET", talk)[1]["messages"]
    assert question["battle"]["vote"] is None and {a["model"] for a in answers} == {""}
    body = {"choice": "b", "reasons": ["fluency", "right_language"], "dwell_ms": 4200, "language": "id"}
    status, told = page("POST", f"/api/battles/{battle.id}/vote", body)
    assert (status, told["adapted_side"]) == (201, "b")
    assert told["vote"] == {"choice": "b", "reasons": ["fluency", "right_language"]}
    question, *answers = page("GET", talk)[1]["messages"]
    assert question["battle"] == told and {a["side"]: a["model"] for a in answers} == {
        "a": "demo-base",
        "b": "demo",
    }
    assert (Vote.objects.get().dwell_ms, Vote.objects.get().language) == (4200, "id")


def test_nobody_votes_before_both_have_ended(
    page: Any, owner: Any, site: Any, finished: Callable[..., Any]
) -> None:
    made = submit(owner, Talk.objects.create(owner=owner, mode="blind"), text="halo", client_id="c", parent=None)
    path = f"/api/battles/{Battle.objects.get().id}/vote"
    for answer in made.answers:
        status, told = page("POST", path, {"choice": "a"})
        assert (status, told["error"]["code"]) == (409, "unfinished")
        finished(answer)
    assert page("POST", path, {"choice": "a"})[0] == 201


def test_one_vote_each(page: Any, ended: Callable[..., Battle]) -> None:
    path = f"/api/battles/{ended().id}/vote"
    assert page("POST", path, {"choice": "a"})[0] == 201
    status, told = page("POST", path, {"choice": "b"})
    assert (status, told["error"]["code"], Vote.objects.get().choice) == (409, "voted", "a")


def test_a_vote_is_undone_for_ten_seconds(page: Any, ended: Callable[..., Battle]) -> None:
    battle = ended()
    path = f"/api/battles/{battle.id}/vote"
    assert page("DELETE", path)[0] == 404
    page("POST", path, {"choice": "a"})
    status, told = page("DELETE", path)
    assert (status, told["vote"], told["adapted_side"], Vote.objects.count()) == (200, None, None, 0)
    page("POST", path, {"choice": "b"})
    vote = Vote.objects.get()
    Vote.objects.update(created=vote.created - timedelta(seconds=10))
    status, told = page("DELETE", path)
    assert (status, told["error"]["code"], Vote.objects.count()) == (409, "too_late", 1)


NO_VOTES: list[Any] = [
    {}, {"choice": "c"}, {"choice": 1}, {"choice": ["a"]}, {"choice": "a", "reasons": ["nice"]},
    {"choice": "a", "reasons": "fluency"}, {"choice": "a", "reasons": [["fluency"]]},
    {"choice": "a", "dwell_ms": -1}, {"choice": "a", "dwell_ms": True}, {"choice": "a", "language": "<b>"},
    {"choice": "a", "language": ["id"]}, {"choice": "a", "voter": 1},
]  # fmt: skip


def test_what_is_no_vote(page: Any, ended: Callable[..., Battle]) -> None:
    path = f"/api/battles/{ended().id}/vote"
    for body in NO_VOTES:
        status, told = page("POST", path, body)
        assert (status, told["error"]["code"], Vote.objects.count()) == (400, "bad_request", 0), body


def test_a_round_is_its_askers(page: Any, stranger_page: Any, ended: Callable[..., Battle]) -> None:
    path = f"/api/battles/{ended().id}/vote"
    assert stranger_page("POST", path, {"choice": "a"})[0] == 404
    page("POST", path, {"choice": "a"})
    assert stranger_page("DELETE", path)[0] == 404 and Vote.objects.count() == 1
    assert page("POST", f"/api/battles/{uuid4()}/vote", {"choice": "a"})[0] == 404


def test_nobody_votes_in_a_deleted_talk(page: Any, ended: Callable[..., Battle]) -> None:
    battle = ended()
    page("DELETE", f"/api/talks/{battle.message.talk_id}")
    assert page("POST", f"/api/battles/{battle.id}/vote", {"choice": "a"})[0] == 404


def test_two_answers_of_one_model_are_two_draws(owner: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rantau.web.talks.sides.secrets.randbelow", lambda _: 0)
    submit(owner, Talk.objects.create(owner=owner, mode="blind"), text="halo", client_id="c", parent=None)
    answers = Message.objects.filter(role="assistant")
    assert {a.model for a in answers} == {"demo-base"} and Battle.objects.get().kind == "aa"
    assert len({a.wish["seed"] for a in answers}) == 2
