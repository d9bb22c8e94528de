"""Bodies and errors: one shape, whatever is wrong."""

import json
from typing import Any

import pytest
from django.test import Client


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_json"),
        (b"[]", "application/json", 400, "bad_json"),
        (b"\xff", "application/json", 400, "bad_json"),
        (b'{"title": NaN}', "application/json", 400, "bad_json"),
        (b'{"title": 1e999}', "application/json", 400, "bad_text"),
        (b'{"wish": {"top_k": ' + b"9" * 5000 + b"}}", "application/json", 400, "bad_json"),
        (b'{"wish": ' + b"[" * 17 + b"]" * 17 + b"}", "application/json", 400, "bad_json"),
        (b'{"wish": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400, "bad_json"),
        (b"title=a", "application/x-www-form-urlencoded", 415, "bad_type"),
        (b'{"mode": "single"}', "text/plain", 415, "bad_type"),
    ],
)
def test_a_body_that_is_none(http: Client, body: bytes, kind: str, status: int, code: str) -> None:
    said = http.post("/api/talks", data=body, content_type=kind)
    assert (said.status_code, said.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("mode", ["single", "compare", "blind"])
@pytest.mark.parametrize("model", ["\ud800", "nobody", "x" * 101, "\x00"])
def test_a_model_that_is_none(http: Client, mode: str, model: str) -> None:
    body = json.dumps({"mode": mode, "model": model})
    said = http.post("/api/talks", data=body, content_type="application/json")
    assert (said.status_code, said.json()["error"]["code"]) == (400, "no_model")


def test_errors_have_one_shape(http: Client, http_anonymous: Client) -> None:
    told = [
        (http.get("/api/nothing"), 404, "not_found"),
        (http.get("/api/talks/not-an-id"), 404, "not_found"),
        (http.delete("/api/talks"), 405, "bad_method"),
        (http_anonymous.get("/api/me"), 401, "signed_out"),
        (Client(enforce_csrf_checks=True).post("/api/login"), 403, "csrf"),
    ]
    for said, status, code in told:
        assert (said.status_code, said.json()["error"]["code"]) == (status, code)
        assert said.json()["error"]["message"].endswith(".")


def test_what_breaks_is_told_without_its_words(http: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("rantau.web.http.me.me_json", broken)
    http.raise_request_exception = False
    said = http.get("/api/me")
    assert (said.status_code, said.json()["error"]["code"]) == (500, "internal") and b"secret" not in said.content


def test_me(http: Client, owner: Any) -> None:
    shown = http.get("/api/me").json()
    assert (shown["user"], shown["single_user"], shown["interface"], shown["theme"]) == ("ana", False, "en", "")
    assert [m["name"] for m in shown["models"]] == ["demo", "demo-base"]
    assert shown["limits"]["message_chars"] == 16_000 and shown["wish"]["temperature"] == 0.7
    assert shown["ready"] == {"state": "none", "share": 0.0, "workers": 0} and shown["csrf"]
    changed = http.patch("/api/me", {"interface": "id", "theme": "dark"}, content_type="application/json").json()
    assert (changed["interface"], changed["theme"]) == ("id", "dark")
    assert http.patch("/api/me", {"theme": ""}, content_type="application/json").json()["interface"] == "id"
    assert http.patch("/api/me", {"theme": "pink"}, content_type="application/json").status_code == 400
