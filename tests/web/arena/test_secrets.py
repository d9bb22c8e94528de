"""Before the vote nothing that a person can ask for depends on which side is which.

Everything is asked for twice, with the sides drawn the one way and the other: the answers must be equal, byte for
byte. So a field that somebody adds later is covered as well.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rantau.web.arena import votes
from rantau.web.records.models import Battle, Message, Share
from tests.web.arena.conftest import put
from tests.web.arena.walking import addresses

CHANGING = re.compile(
    r'"(csrf|created|updated|last_login|expires)": "[^"]*"'
    r'|(rantau-csrf" content|csrfmiddlewaretoken" value)="[^"]*"'
)
QUERIES = {
    "api/talks": ("", "?q=demo", "?q=base", "?q=kiri"),
    "api/talks/<uuid:id>/export": ("?format=md", "?format=json", "?format=jsonl"),
    "api/arena/export": ("?format=kto", "?format=preference", "?format=battles"),
    "api/generations/<uuid:generation>": ("?after=0-0", "?after=1-1"),
}


@pytest.fixture
def shows(
    http: Client, ended: Callable[..., Battle], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, str]]:
    """All that the owner of a round can read, by address."""
    battle = ended(says=("kiri", "kanan"))
    talk, answer = battle.message.talk_id, battle.a
    ids = {
        "talk": talk, "message": battle.a_id, "generation": answer.generations.get().id, "battle": battle.id,
        "key": battle.id, "token": "x",
    }  # fmt: skip
    monkeypatch.setattr("rantau.web.talks.views.EXPORTS_PER_MINUTE", 10**6)

    def show() -> dict[str, str]:
        found = {}
        for pattern, path in addresses(ids):
            if pattern.startswith(("healthz", "readyz", "metrics", "words")) or pattern.endswith("/events"):
                continue  # of the site; and a stream that goes on
            for query in QUERIES.get(pattern, ("",)):
                said = http.get(f"{path}{query}")
                if said.status_code == 200:
                    body = b"".join(said) if said.streaming else said.content
                    found[f"{path}{query}"] = CHANGING.sub("", body.decode())
        return found

    return show


def shared(http: Client) -> dict[str, Any]:
    """What a link made now would show."""
    battle = Battle.objects.get()
    made = http.post(f"/api/talks/{battle.message.talk_id}/share", {}, content_type="application/json").json()
    told = http.get(f"{made['path']}?format=json").content.decode()
    Share.objects.all().delete()
    return dict(json.loads(CHANGING.sub('"x": ""', told)))


def test_nothing_depends_on_the_draw_before_the_vote(http: Client, shows: Callable[[], dict[str, str]]) -> None:
    battle = Battle.objects.get()
    told = []
    for side, kind in (("a", "ab"), ("b", "ab"), ("a", "aa")):
        put(battle, side, kind)
        told.append((shows(), shared(http)))
    assert told[0] == told[1] == told[2]
    pages, _ = told[0]
    assert sum("kanan" in page for page in pages.values()) >= 4  # the round is in what was compared


def test_the_vote_is_what_makes_the_difference(
    http: Client, owner: Any, shows: Callable[[], dict[str, str]]
) -> None:
    """So the test above can fail."""
    battle = Battle.objects.get()
    votes.cast(owner, votes.own_battle(owner, battle.id), choice="a")
    told = []
    for side in ("a", "b"):
        put(battle, side)
        told.append(shows())
    differ = {path for path in told[0] if told[0][path] != told[1][path]}
    talk = f"/api/talks/{battle.message.talk_id}"
    assert {
        talk,
        f"{talk}/export?format=md",
        "/api/me/export",
        "/api/arena",
        "/api/arena/export?format=battles",
    } <= differ


def test_what_is_refused_tells_nothing_either(http: Client, ended: Callable[..., Battle]) -> None:
    """Another answer, going on, and thumbs answer alike on both sides of both draws."""
    battle = ended()
    told = []
    for side in ("a", "b"):
        put(battle, side)
        for answer in (battle.a_id, battle.b_id):
            asks = [("regenerate", {"client_id": "x"}), ("continue", {"client_id": "x"})]
            said = [
                http.post(f"/api/messages/{answer}/{act}", body, content_type="application/json")
                for act, body in asks
            ]
            said.append(
                http.put(f"/api/messages/{answer}/feedback", {"value": 1}, content_type="application/json")
            )
            told.append([(each.status_code, each.content) for each in said])
    assert told[0] == told[1] == told[2] == told[3]
    assert Message.objects.filter(role="assistant").count() == 2
