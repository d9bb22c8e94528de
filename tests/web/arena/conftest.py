"""Rounds: two answers to one prompt, ended, with or without a vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rantau.web.arena import votes
from rantau.web.records.models import Battle, Message, Talk
from rantau.web.talks.submit import submit
from tests.web.http.conftest import Page


@pytest.fixture
def page(http: Client) -> Page:
    return Page(http)


@pytest.fixture
def stranger_page(http_stranger: Client) -> Page:
    return Page(http_stranger)


@pytest.fixture
def ended(owner: Any, finished: Callable[..., Any]) -> Callable[..., Battle]:
    """A round that has ended, its adapted model on a known side: ended(adapted="a", says=("kiri", "kanan"))."""
    n = iter(range(10**6))

    def end(
        *, talk: Talk | None = None, parent: Message | None = None, adapted: str = "a", kind: str = "ab",
        says: tuple[str, str] = ("kiri", "kanan"), text: str = "Apa kabar?", person: Any = None,
    ) -> Battle:  # fmt: skip
        asker = person or owner
        talk = talk or Talk.objects.create(owner=asker, mode="blind")
        asked = submit(asker, talk, text=text, client_id=f"r{next(n)}", parent=parent and parent.id)
        for answer, words in zip(sorted(asked.answers, key=lambda m: m.side), says, strict=True):
            finished(answer, words)
        battle = Battle.objects.get(message=asked.message)
        put(battle, adapted, kind)
        return Battle.objects.get(id=battle.id)

    return end


def put(battle: Battle, adapted: str, kind: str = "ab") -> None:
    """As if the draw had come out so."""
    Battle.objects.filter(id=battle.id).update(adapted_side=adapted, kind=kind)
    for side in ("a", "b"):
        ours = side == adapted and kind == "ab"
        fields = (
            {"model": "demo", "digest": "sha256:aa"} if ours else {"model": "demo-base", "digest": "sha256:bb"}
        )
        Message.objects.filter(id=getattr(battle, f"{side}_id")).update(
            **fields, prompt_tokens=11 if ours else 22, completion_tokens=33 if ours else 44,
            first_ms=55 if ours else 66, wall_ms=77 if ours else 88,
        )  # fmt: skip


@pytest.fixture
def voted(ended: Callable[..., Battle], owner: Any) -> Callable[..., Battle]:
    """A round with a vote: voted("a", adapted="a")."""

    def vote(choice: str, *, reasons: tuple[str, ...] = (), person: Any = None, **fields: Any) -> Battle:
        battle = ended(person=person, **fields)
        asker = person or owner
        votes.cast(asker, votes.own_battle(asker, battle.id), choice=choice, reasons=list(reasons), language="id")
        return battle

    return vote
