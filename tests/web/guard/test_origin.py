"""Origins: another site's page sends nothing, on this machine either."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from rantau.web.guard.origin import allowed, allowed_scope
from tests.web.house import SITE

PUBLIC = replace(SITE, host="0.0.0.0", port=8000, hosts=("chat.example.org",), secure=True)


@pytest.mark.parametrize(
    ("origin", "host", "right"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://localhost:9000", "localhost:9000", True),  # a tunnel: the page and the socket have one address
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://chat.example.org", "chat.example.org", True),
        ("https://chat.example.org", "chat.example.org:443", True),
        ("http://127.0.0.1:3000", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("https://evil.example.org", "chat.example.org", False),
        ("https://evil.example.org", "evil.example.org", False),
        ("https://chat.example.org.evil.net", "chat.example.org", False),
        ("https://chat.example.org@evil.net", "chat.example.org", False),
        ("ftp://chat.example.org", "chat.example.org", False),
        ("https://chat.example.org:x", "chat.example.org", False),
        ("https://chat.example.org/page", "chat.example.org", False),
        ("null", "127.0.0.1:8000", False),
        ("", "127.0.0.1:8000", False),
        (None, "127.0.0.1:8000", False),
        ("http://127.0.0.1:8000", "127.0.0.1:x", False),
    ],
)
def test_whose_page_may_ask(origin: str | None, host: str, right: bool) -> None:
    assert allowed(origin, PUBLIC, host) is right
    told = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin is not None else [])
    assert allowed_scope({"headers": told}, PUBLIC) is right


def test_without_the_host_the_port_must_be_the_sites() -> None:
    assert allowed("http://localhost:8000", PUBLIC) and allowed("https://chat.example.org", PUBLIC)
    assert not allowed("http://localhost", PUBLIC) and not allowed("https://chat.example.org:444", PUBLIC)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.org"},
        {"Origin": "http://testserver:3000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_sends_nothing(http: Client, headers: dict[str, str]) -> None:
    said = http.post("/api/talks", data={}, content_type="application/json", headers=headers)
    assert (said.status_code, said.json()["error"]["code"]) == (403, "origin")


def test_a_foreign_page_reads_nothing(http: Client) -> None:
    assert http.get("/api/me", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    said = http.get("/api/me", headers={"Origin": "https://evil.example.org"})
    assert "Access-Control-Allow-Origin" not in said


def test_our_own_page_may(http: Client) -> None:
    headers = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert http.post("/api/talks", data={}, content_type="application/json", headers=headers).status_code == 201


def test_a_page_needs_its_token(owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    send: dict[str, Any] = {"data": {}, "content_type": "application/json"}
    assert client.post("/api/talks", **send).json()["error"]["code"] == "csrf"
    token = client.get("/api/me").json()["csrf"]
    assert client.post("/api/talks", headers={"X-CSRFToken": token}, **send).status_code == 201


def test_a_name_that_is_not_ours_is_refused(http: Client) -> None:
    assert http.get("/api/me", headers={"Host": "rebound.example.org"}).status_code == 400
