"""Messages over HTTP: 202 is a promise, 200 says what was known, the rest are errors with a code."""

from typing import Any

import pytest
from django.db import OperationalError

from rantau.serving.queue import Admission, BrokerLost
from rantau.web.records.models import Message
from rantau.web.site import SiteLimits

FIELDS = {
    "id", "parent", "role", "text", "beginning", "side", "model", "digest", "state", "reason", "code",
    "generation", "prompt_tokens", "completion_tokens", "first_ms", "wall_ms", "left_out", "feedback", "created",
    "battle",
}  # fmt: skip


def row(message: dict[str, Any]) -> Message:
    return Message.objects.get(id=message["id"])


def test_a_question_and_its_answer(page: Any, talk: str, asked: Any, finished: Any) -> None:
    made = asked("Apa kabar?")
    (answer,) = made["answers"]
    assert set(answer) == set(made["message"]) == FIELDS
    assert (made["message"]["text"], made["message"]["generation"]) == ("Apa kabar?", None)
    assert (answer["state"], answer["model"], answer["parent"]) == ("queued", "demo", made["message"]["id"])
    finished(row(answer), "Baik", ".")
    shown = page("GET", f"/api/talks/{talk}")[1]["messages"]
    assert [m["text"] for m in shown] == ["Apa kabar?", "Baik."]
    assert (shown[1]["state"], shown[1]["completion_tokens"], shown[1]["digest"]) == ("done", 2, "sha256:aa")
    assert shown[1]["generation"] == answer["generation"]


def test_what_is_sent_twice_is_answered_with_200(page: Any, talk: str) -> None:
    body = {"client_id": "c", "text": "halo", "parent": None}
    (first, a), (second, b) = (page("POST", f"/api/talks/{talk}/messages", body) for _ in range(2))
    assert (first, second) == (202, 200) and a == b


def test_an_edit_is_a_sibling(page: Any, talk: str, asked: Any, finished: Any) -> None:
    first = asked("satu")
    answer = finished(row(first["answers"][0]))
    asked("dua", parent=str(answer.id))
    asked("dua lagi", parent=str(answer.id))
    parents = [m["parent"] for m in page("GET", f"/api/talks/{talk}")[1]["messages"] if m["role"] == "user"]
    assert parents == [None, str(answer.id), str(answer.id)]


def test_told_anew_and_continued(page: Any, asked: Any, finished: Any) -> None:
    answer = finished(row(asked()["answers"][0]), "Se", reason="length")
    status, made = page("POST", f"/api/messages/{answer.id}/continue", {"client_id": "g"})
    assert (status, made["answers"][0]["beginning"]) == (202, "Se")
    status, made = page("POST", f"/api/messages/{answer.id}/regenerate", {"client_id": "r", "model": "demo-base"})
    assert (status, made["answers"][0]["model"]) == (202, "demo-base")
    assert page("POST", f"/api/messages/{answer.id}/regenerate", {"client_id": "r"})[0] == 200


def test_stop_in_every_state(page: Any, asked: Any, player: Any, finished: Any) -> None:
    def stop(answer: dict[str, Any]) -> str:
        status, told = page("POST", f"/api/generations/{answer['generation']}/stop", {})
        assert status == 200
        return str(told["state"])

    (waiting,) = asked()["answers"]
    assert (stop(waiting), stop(waiting)) == ("stopped", "stopped")
    (running,) = asked()["answers"]
    player.say(running["generation"], "Se")
    assert (stop(running), stop(running)) == ("stopping", "stopping")
    assert row(running).state == "stopping"
    kept = finished(row(running), "la", reason="stopped")
    assert (kept.text, kept.state, stop(running)) == ("Sela", "stopped", "stopped")


@pytest.mark.parametrize(
    ("fields", "code", "status"),
    [
        ({"text": ""}, "empty", 400),
        ({"text": " \n\t "}, "empty", 400),
        ({"text": "a" * 16_001}, "too_long", 413),
        ({"text": "a\x00b"}, "bad_text", 400),
        ({"text": "\udfff"}, "bad_text", 400),
        ({"text": ["halo"]}, "bad_text", 400),
        ({"client_id": ""}, "bad_request", 400),
        ({"client_id": "a b"}, "bad_request", 400),
        ({"client_id": "a" * 65}, "bad_request", 400),
        ({"parent": "x"}, "not_found", 404),
        ({"parent": "00000000-0000-4000-8000-000000000000"}, "not_found", 404),
        ({"parent": 7}, "not_found", 404),
        ({"model": "gpt"}, "no_model", 400),
        ({"model": 7}, "bad_request", 400),
        ({"role": "system"}, "bad_request", 400),
    ],
)
def test_what_is_refused_leaves_nothing(page: Any, talk: str, fields: Any, code: str, status: int) -> None:
    body = {"client_id": "c", "text": "halo", "parent": None, **fields}
    assert page("POST", f"/api/talks/{talk}/messages", body)[0] == status
    assert page("POST", f"/api/talks/{talk}/messages", body)[1]["error"]["code"] == code
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("limits", "code", "status"),
    [
        (SiteLimits(queue=0), "busy", 503),
        (SiteLimits(each_owner=0), "too_many", 429),
        (SiteLimits(per_minute=0), "rate_limited", 429),
    ],
)
def test_limits_say_when_to_come_again(
    http: Any, talk: str, site_with: Any, limits: Any, code: str, status: int
) -> None:
    site_with(limits=limits)
    body = {"client_id": "c", "text": "halo", "parent": None}
    said = http.post(f"/api/talks/{talk}/messages", data=body, content_type="application/json")
    error = said.json()["error"]
    assert (said.status_code, error["code"], said["Retry-After"]) == (status, code, str(error["retry_s"]))


def test_no_worker_for_long(asked: Any, page: Any, queue: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from rantau.serving.queue import Presence
    from rantau.web.records.models import Generation

    asked()  # a model that still loads is waited for
    Generation.objects.update(queued=timezone.now() - timedelta(minutes=2))
    assert asked(status=503)["error"]["code"] == "no_worker"
    Presence(queue).say("w1", {"pool": "main", "state": "loading", "share": 0.6})
    asked()
    assert page("GET", "/api/me")[1]["ready"] == {"state": "loading", "share": 0.6, "workers": 0}
    Presence(queue).say("w2", {"pool": "main", "state": "ready"})
    assert page("GET", "/api/me")[1]["ready"] == {"state": "ready", "share": 1.0, "workers": 1}


def test_a_prompt_is_accepted_while_the_broker_is_away(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any, **__: Any) -> Any:
        raise BrokerLost("the broker: gone")

    monkeypatch.setattr(Admission, "admit", lost)
    assert asked()["answers"][0]["state"] == "queued"


def test_a_broker_whose_memory_is_full_refuses_and_forgets_nothing(page: Any, asked: Any, queue: Any) -> None:
    asked("sebelum")
    held = queue.config_get("maxmemory")["maxmemory"]
    queue.config_set("maxmemory", 1)
    try:
        told = asked(status=503)
    finally:
        queue.config_set("maxmemory", held)
    assert told["error"]["code"] == "busy" and told["error"]["retry_s"] > 0
    assert Message.objects.filter(state="failed", code="busy").count() == 1
    assert [a["state"] for a in asked("sesudah")["answers"]] == ["queued"]
    assert queue.xlen("{rantau}:jobs:main") == 2


def test_a_database_that_is_locked_is_told(page: Any, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any, **__: Any) -> Any:
        raise OperationalError("database is locked")

    monkeypatch.setattr("rantau.web.http.messages.submit", locked)
    status, told = page("POST", f"/api/talks/{talk}/messages", {"client_id": "c", "text": "halo"})
    assert (status, told["error"]["code"]) == (503, "unavailable") and "locked" not in told["error"]["message"]


def test_a_blind_battle_tells_nothing_before_the_vote(page: Any, finished: Any) -> None:
    from rantau.web.records.models import Battle, Vote

    talk = page("POST", "/api/talks", {"mode": "blind"})[1]["id"]
    status, made = page("POST", f"/api/talks/{talk}/messages", {"client_id": "c", "text": "halo", "parent": None})
    assert status == 202 and [a["side"] for a in made["answers"]] == ["a", "b"]
    for answer in made["answers"]:
        finished(row(answer))
    shown = page("GET", f"/api/talks/{talk}")[1]["messages"]
    battle = Battle.objects.get()
    hidden = ("model", "digest", "prompt_tokens", "completion_tokens", "first_ms", "wall_ms")
    for answer in shown[1:]:
        assert not any(answer[name] for name in hidden) and answer["text"] == "Halo."
    assert shown[0]["battle"] == {
        "id": str(battle.id), "blind": True, "a": str(battle.a_id), "b": str(battle.b_id), "vote": None,
        "adapted_side": None,
    }  # fmt: skip
    assert "demo" not in str(shown)
    Vote.objects.create(battle=battle, voter=battle.message.author, choice="a")
    shown = page("GET", f"/api/talks/{talk}")[1]["messages"]
    assert {m["model"] for m in shown[1:]} == {battle.a.model, battle.b.model}
    assert shown[0]["battle"]["vote"] == {"choice": "a", "reasons": []}


def test_feedback_is_one_opinion(page: Any, asked: Any, finished: Any) -> None:
    answer = row(asked()["answers"][0])
    path = f"/api/messages/{answer.id}/feedback"
    assert page("PUT", path, {"value": 1})[0] == 409
    finished(answer)
    assert page("PUT", path, {"value": 1, "reasons": ["fasih", "benar"]})[0] == 200
    assert page("PUT", path, {"value": -1, "comment": "salah"})[0] == 200
    shown = page("GET", f"/api/talks/{answer.talk_id}")[1]["messages"][1]["feedback"]
    assert shown == {"value": -1, "reasons": [], "comment": "salah"}
    for bad in (
        {"value": 2},
        {"value": True},
        {"value": 1, "reasons": "x"},
        {"value": 1, "reasons": ["x"] * 9},
        {},
    ):
        assert page("PUT", path, bad)[0] == 400
    assert page("DELETE", path)[0] == 200
    assert page("GET", f"/api/talks/{answer.talk_id}")[1]["messages"][1]["feedback"] is None


def test_a_talk_costs_few_queries_however_long_it_is(
    page: Any, talk: str, asked: Any, finished: Any, django_queries: Any
) -> None:
    def queries() -> int:
        with django_queries() as counted:
            page("GET", f"/api/talks/{talk}")
        return len(counted)

    answer = finished(row(asked()["answers"][0]))
    few = queries()
    for _ in range(4):
        answer = finished(row(asked(parent=str(answer.id))["answers"][0]))
    assert queries() == few
