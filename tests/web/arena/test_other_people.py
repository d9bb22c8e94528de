"""Another person, and nobody, at every address with every method: a new address is tested by being there."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import serializers
from django.test import Client

from rantau.web.records.models import ApiKey, Battle, Feedback, Generation, Message, Preference, Share, Talk, Vote
from rantau.web.talks.share import make_share
from rantau.web.talks.submit import submit
from tests.web.arena.walking import OWNED, addresses, kind_of, patterns

METHODS = ("get", "head", "post", "put", "patch", "delete")
CANARY = "kenari-4711"
PAGES = {"talk/<uuid:id>"}
"""Frames without content: the talk itself comes from the interface, which refuses it."""
PUBLIC = {"healthz", "readyz", "metrics", "login", "api/login", "words/<str:language>.json", "share/<str:token>"}
KEYED = "v1/"
"""Asked with a key, never with a session."""
BODIES: dict[str, Any] = {
    "messages": {"client_id": "s", "text": "halo", "parent": None},
    "regenerate": {"client_id": "s"},
    "continue": {"client_id": "s"},
    "feedback": {"value": -1},
    "vote": {"choice": "a"},
}
OWN: dict[str, Any] = {"api/talks/import": {"format": "x"}}


@pytest.fixture
def ids(owner: Any, ended: Callable[..., Battle], finished: Callable[..., Any]) -> dict[str, Any]:
    """One row of each kind that belongs to `owner`, with a word in each text that nobody else may read."""
    talk = Talk.objects.create(owner=owner, mode="blind", title=CANARY, system_prompt=CANARY)
    battle = ended(talk=talk, says=(CANARY, CANARY), text=CANARY)
    running = submit(owner, Talk.objects.create(owner=owner), text=CANARY, client_id="w", parent=None)
    Feedback.objects.create(message=battle.b, user=owner, value=1, comment=CANARY)
    Preference.objects.create(user=owner, theme="dark")
    key = ApiKey.objects.create(owner=owner, name=CANARY, prefix="sk-x", digest="d" * 64)
    make_share(talk)
    return {
        "talk": talk.id, "message": battle.a_id, "generation": running.answers[0].generations.get().id,
        "battle": battle.id, "key": key.id, "token": "x" * 22,
    }  # fmt: skip


def rows_of(owner: Any) -> str:
    """Everything of this person as the database has it."""
    tables = [
        Talk.objects.filter(owner=owner), Message.objects.filter(author=owner),
        Generation.objects.filter(owner=owner),
        Battle.objects.filter(message__author=owner), Vote.objects.filter(voter=owner),
        Feedback.objects.filter(user=owner), Share.objects.filter(talk__owner=owner),
        ApiKey.objects.filter(owner=owner),
        Preference.objects.filter(user=owner), type(owner).objects.filter(pk=owner.pk),
    ]  # fmt: skip
    return "\n".join(serializers.serialize("json", table.order_by("pk")) for table in tables)


def asks(
    client: Client, ids: dict[str, Any], methods: tuple[str, ...] = METHODS
) -> Iterator[tuple[str, str, Any]]:
    for pattern, path in addresses(ids):
        body = json.dumps(OWN.get(pattern, BODIES.get(path.rsplit("/", 1)[-1], {})))
        for method in methods:
            sent = {} if method in ("get", "head") else {"data": body, "content_type": "application/json"}
            yield pattern, method, getattr(client, method)(path, **sent)


def read(said: Any) -> str:
    return "" if said.streaming else str(said.content.decode())


def test_another_person_finds_nothing_and_changes_nothing(
    owner: Any, stranger: Any, http_stranger: Client, ids: dict[str, Any]
) -> None:
    before, refused = rows_of(owner), 0
    for pattern, method, said in asks(http_stranger, ids):
        where = f"{method} {pattern}: {said.status_code}"
        assert CANARY not in read(said) and said.status_code != 500, where
        if kind_of(pattern) and pattern not in PAGES:
            assert said.status_code in (403, 404, 405), where
            refused += said.status_code in (403, 404)
        if not type(stranger).objects.filter(pk=stranger.pk).exists():
            pytest.fail(f"{where} erased an account without its password")
        http_stranger.force_login(stranger)  # an address may have signed them out
    assert rows_of(owner) == before
    assert refused >= len({p for p in patterns() if kind_of(p)} - PAGES)  # each was refused by one method at least


def test_whoever_is_not_signed_in_finds_nothing(owner: Any, http_anonymous: Client, ids: dict[str, Any]) -> None:
    before = rows_of(owner)
    for pattern, method, said in asks(http_anonymous, ids):
        where = f"{method} {pattern}: {said.status_code}"
        assert CANARY not in read(said), where
        if pattern in PUBLIC:
            assert said.status_code != 500, where
        elif pattern.startswith((KEYED, "api/")):
            assert said.status_code in (401, 403, 404, 405), where
        else:
            assert said.status_code in (302, 405) and said.headers.get("Location", "/login").startswith(
                "/login"
            ), where
    assert rows_of(owner) == before


def test_the_owner_is_let_in_where_others_are_not(http: Client, ids: dict[str, Any]) -> None:
    """So the ids are right and the refusals are about the person."""
    quiet = {p for p, _ in addresses(ids) if kind_of(p) and not p.endswith("/events")}
    let_in = set()
    for pattern, _, said in asks(http, ids, ("get", "patch", "put", "post", "delete")):
        if pattern in quiet and said.status_code not in (403, 404, 405):
            let_in.add(pattern)
        if pattern == "api/talks/<uuid:id>":
            Talk.objects.update(deleted=None)
    assert let_in >= quiet


def test_every_beginning_is_in_use() -> None:
    assert {
        begin for begin in OWNED if not any(p == begin or p.startswith(f"{begin}/") for p in patterns())
    } == set()
