"""Asking as a page does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client


class Page:
    """A test client that speaks JSON."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        send = getattr(self.client, method.lower())
        said = (
            send(path, data=body, content_type="application/json", headers=headers)
            if method != "GET"
            else send(path, body)
        )
        return said.status_code, said.json()


@pytest.fixture
def page(http: Client) -> Page:
    return Page(http)


@pytest.fixture
def stranger_page(http_stranger: Client) -> Page:
    return Page(http_stranger)


@pytest.fixture
def talk(page: Page) -> str:
    status, made = page("POST", "/api/talks", {"mode": "single"})
    assert status == 201
    return str(made["id"])


@pytest.fixture
def asked(page: Page, talk: str) -> Callable[..., dict[str, Any]]:
    """Sends a message: asked("halo"). Returns what came back."""
    n = iter(range(10**6))

    def ask(text: str = "halo", *, status: int = 202, **fields: Any) -> dict[str, Any]:
        body = {"client_id": f"c{next(n)}", "text": text, "parent": None, **fields}
        said, made = page("POST", f"/api/talks/{fields.pop('talk', talk)}/messages", body)
        assert said == status, made
        return dict(made)

    return ask


@pytest.fixture
def django_queries() -> Any:
    """Counts queries: with django_queries() as counted: ..."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return lambda: CaptureQueriesContext(connection)
