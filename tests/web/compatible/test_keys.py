"""Keys as their owner sees them."""

from typing import Any

from rantau.web.records.models import ApiKey


def made(http: Any, **body: Any) -> Any:
    return http.post("/api/keys", {"name": "skrip", **body}, content_type="application/json")


def test_a_key_is_shown_once(http: Any, owner: Any) -> None:
    said = made(http)
    row = said.json()
    assert said.status_code == 201 and len(row["secret"]) > 40
    assert (row["scopes"], row["per_minute"], row["prefix"]) == (["chat", "models"], 60, row["secret"][:12])
    (listed,) = http.get("/api/keys").json()["keys"]
    assert listed == {name: value for name, value in row.items() if name != "secret"}
    assert row["secret"] not in str(ApiKey.objects.values())


def test_a_revoked_key_opens_nothing(http: Any, http_anonymous: Any) -> None:
    row = made(http).json()
    bearer = {"Authorization": f"Bearer {row['secret']}"}
    assert http_anonymous.get("/v1/models", headers=bearer).status_code == 200
    assert [http.delete(f"/api/keys/{row['id']}").status_code for _ in range(2)] == [204, 204]
    assert http_anonymous.get("/v1/models", headers=bearer).status_code == 401
    assert http.get("/api/keys").json()["keys"] == []


def test_keys_are_their_owners(http: Any, http_stranger: Any, http_anonymous: Any) -> None:
    row = made(http).json()
    assert http_stranger.get("/api/keys").json()["keys"] == []
    assert http_stranger.delete(f"/api/keys/{row['id']}").status_code == 404
    assert http_anonymous.get("/api/keys").status_code == 401
    assert ApiKey.objects.get().revoked is None


def test_what_a_key_may_not_be(http: Any, owner: Any) -> None:
    for body, status in (
        ({"name": " "}, 400), ({"scopes": []}, 400), ({"scopes": ["admin"]}, 400), ({"per_minute": 0}, 400),
        ({"per_minute": True}, 400), ({"x": 1}, 400), ({"scopes": ["metrics"]}, 403),
    ):  # fmt: skip
        assert made(http, **body).status_code == status, body
    owner.is_staff = True
    owner.save()
    assert made(http, scopes=["metrics"]).status_code == 201
    assert {made(http).status_code for _ in range(20)} == {201, 409}


def test_a_session_does_not_open_the_programs_door(http: Any) -> None:
    assert http.get("/v1/models").status_code == 401
    assert http.post("/v1/chat/completions", {}, content_type="application/json").status_code == 401


def test_what_is_not_there_is_told_in_the_same_shape(http_anonymous: Any) -> None:
    for method, address, status in (("GET", "/v1/embeddings", 404), ("GET", "/v1/chat/completions", 405),
                                    ("POST", "/v1/models", 405)):  # fmt: skip
        said = http_anonymous.generic(method, address)
        assert said.status_code == status and set(said.json()["error"]) == {"message", "type", "param", "code"}


def test_bodies_that_are_no_request(http: Any, http_anonymous: Any) -> None:
    bearer = {"Authorization": f"Bearer {made(http).json()['secret']}"}
    for body in (
        "{",
        "[]",
        "[" * 100_000,
        '{"model": 7}',
        '{"model":"demo","messages":{}}',
        '{"temperature": NaN}',
        '{"\\ud800": 1}',
        '{"model": "demo", "messages": [{"role": "user", "\\udfff": 1}]}',
    ):
        said = http_anonymous.post("/v1/chat/completions", body, content_type="application/json", headers=bearer)
        assert said.status_code in (400, 404) and said.json()["error"]["message"], body
