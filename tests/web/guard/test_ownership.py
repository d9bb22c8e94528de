"""What is one person's is not there for another: every address, every method, every id."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from rantau.web.records.models import ApiKey, Battle, Generation, Message, Share, Talk
from rantau.web.talks.submit import submit

OPEN_TO_ALL = ("healthz", "readyz", "metrics", "login", "api/login", "share/<str:token>", "logout")
"""Addresses that need no account. They show nothing of anybody, or what its owner shared."""


def addresses() -> list[URLPattern]:
    return [pattern for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)]


@pytest.fixture
def ids(owner: Any, site: Any, finished: Any) -> dict[str, list[str]]:
    """Everything that ana has."""
    talk = Talk.objects.create(owner=owner)
    finished(submit(owner, talk, text="rahasia ana", client_id="a", parent=None).answers[0], "rahasia")
    submit(owner, Talk.objects.create(owner=owner, mode="compare"), text="rahasia", client_id="b", parent=None)
    ApiKey.objects.create(owner=owner, name="k", prefix="rk-", digest="d")
    Share.objects.create(talk=talk, digest="d", snapshot={})
    tables = (Talk, Message, Generation, Battle, ApiKey, Share)
    rows = [row for table in tables for row in table.objects.all()[:1]]
    return {"uuid": [str(row.id) for row in (*rows, Message.objects.filter(role="assistant")[0])]}


def filled(route: str, ids: dict[str, list[str]]) -> Iterator[str]:
    holes = re.findall(r"<(\w+):\w+>", route)
    if holes == ["uuid"]:
        for id_ in ids["uuid"]:
            yield "/" + re.sub(r"<[^>]+>", id_, route)
    elif not holes:
        yield f"/{route}"


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY = {"client_id": "x", "text": "halo", "parent": None, "title": "diganti", "value": 1, "choice": "a"}


def test_another_person_finds_nothing(ids: dict[str, list[str]], http_stranger: Client, owner: Any) -> None:
    before = snapshot()
    for pattern in addresses():
        if "<uuid:" not in str(pattern.pattern):
            continue
        for path in filled(str(pattern.pattern), ids):
            for method in METHODS:
                said = http_stranger.generic(method, path, _json(), content_type="application/json")
                assert b"rahasia" not in said.getvalue(), (method, path)
                page = path.startswith("/talk/") and method == "GET"  # a frame without content
                assert page or said.status_code in (400, 403, 404, 405), (method, path, said.status_code)
    assert snapshot() == before


def test_nobody_is_let_in_without_an_account(ids: dict[str, list[str]], http_anonymous: Client) -> None:
    for pattern in addresses():
        route = str(pattern.pattern)
        if route in OPEN_TO_ALL:
            continue
        for path in filled(route, ids):
            for method in METHODS:
                said = http_anonymous.generic(method, path, _json(), content_type="application/json")
                assert b"rahasia" not in said.getvalue(), (method, path)
                assert said.status_code in (302, 401, 405), (method, path, said.status_code)
                assert said.status_code != 302 or said["Location"].startswith("/login"), path


def _json() -> str:
    import json

    return json.dumps(BODY)


def snapshot() -> list[Any]:
    tables = (Talk, Message, Generation, Battle, ApiKey, Share)
    return [sorted(map(str, table.objects.values_list())) for table in tables]
