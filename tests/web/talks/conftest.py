"""Talks of every kind, with people who look at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rantau.web.records.models import Message, Talk
from rantau.web.talks.submit import submit
from tests.web.http.conftest import Page


@pytest.fixture
def page(http: Client) -> Page:
    return Page(http)


@pytest.fixture
def stranger_page(http_stranger: Client) -> Page:
    return Page(http_stranger)


@pytest.fixture
def exchange(owner: Any, finished: Callable[..., Any]) -> Callable[..., list[Message]]:
    """A question with its answers, ended: exchange(talk, "halo", "Halo."). Returns all of them."""
    n = iter(range(10**6))

    def make(talk: Talk, text: str, *says: str, parent: Any = None) -> list[Message]:
        made = submit(talk.owner, talk, text=text, client_id=f"e{next(n)}", parent=parent and parent.id)
        answers = sorted(made.answers, key=lambda m: m.side)
        return [made.message, *(finished(a, words) for a, words in zip(answers, says, strict=True))]

    return make


@pytest.fixture
def blind(owner: Any, exchange: Callable[..., list[Message]]) -> Talk:
    """A talk of one round without a vote."""
    talk = Talk.objects.create(owner=owner, mode="blind", title="Rahasia")
    exchange(talk, "halo", "kiri", "kanan")
    return talk
