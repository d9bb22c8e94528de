"""Who is there: sessions, wrong passwords, the one person of a chat without accounts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from rantau.errors import RequestError
from rantau.web.guard.viewer import is_loopback, viewer_of
from rantau.web.site import Site
from tests.web.conftest import PASSWORD


def sign_in(client: Client, user: str = "ana", password: str = PASSWORD, **options: Any) -> Any:
    return client.post(
        "/api/login", data={"user": user, "password": password}, content_type="application/json", **options
    )


def scope_of(client: Client, address: str = "10.0.0.9") -> dict[str, Any]:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return {"headers": [(b"cookie", cookies.encode())], "client": (address, 1)}


def test_signing_in_and_out(owner: Any) -> None:
    client = Client()
    assert client.get("/api/me").status_code == 401
    assert sign_in(client).json() == {"user": "ana"}
    assert client.get("/api/me").json()["user"] == "ana"
    assert client.post("/api/logout", data={}, content_type="application/json").status_code == 200
    assert client.get("/api/me").status_code == 401


def test_the_session_is_new_and_its_cookie_hidden(owner: Any) -> None:
    client = Client()
    client.get("/api/me")
    client.session["seen"] = True
    before = client.cookies.get(settings.SESSION_COOKIE_NAME)
    sign_in(client)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert before is None or before.value != cookie.value


@pytest.mark.parametrize("who", [("ana", "wrong"), ("nobody", PASSWORD), ("", ""), ("ana", ["x"]), (None, None)])
def test_wrong_passwords_and_names_are_told_alike(owner: Any, who: Any) -> None:
    said = sign_in(Client(), *who)
    assert (said.status_code, said.json()["error"]["code"]) == (403, "bad_login")


def test_who_guesses_must_wait(owner: Any) -> None:
    client = Client()
    assert [sign_in(client, password=f"guess{n}").status_code for n in range(5)] == [403] * 5
    said = sign_in(client)  # the right one now, from the same address
    assert said.status_code == 429 and 0 < int(said["Retry-After"]) <= 300
    assert sign_in(Client(), REMOTE_ADDR="10.1.1.1").status_code == 200  # ana herself is not locked out


def test_who_tries_many_names_must_wait(site: Site) -> None:
    client = Client()
    told = [sign_in(client, user=f"user{n}").status_code for n in range(32)]
    assert told[:30] == [403] * 30 and told[30:] == [429] * 2


def test_a_network_has_one_patience(owner: Any) -> None:
    """Who has one address of IPv6 has all of its /64."""
    told = [
        sign_in(Client(), password=f"guess{n}", REMOTE_ADDR=f"2001:db8::{n:x}:1").status_code for n in range(6)
    ]
    assert told == [403] * 5 + [429]
    assert sign_in(Client(), REMOTE_ADDR="2001:db8:0:1::1").status_code == 200
    for _ in range(5):
        sign_in(Client(), password="guess", REMOTE_ADDR="::ffff:10.2.2.2")
    assert sign_in(Client(), REMOTE_ADDR="10.2.2.2").status_code == 429


def test_who_must_wait_leaves_nothing_in_the_broker(site: Site, queue: Any) -> None:
    for n in range(30):
        sign_in(Client(), user=f"user{n}")
    before = queue.dbsize()
    assert sign_in(Client(), user="another").status_code == 429
    assert queue.dbsize() == before


def test_cookies_of_other_programs_do_not_hide_the_session(owner: Any, http: Client) -> None:
    """Programs on other ports of this machine share its cookies."""
    scope = scope_of(http)
    ((_, mine),) = scope["headers"]
    assert viewer_of({**scope, "headers": [(b"cookie", b'odd={"a": [1, 2]}; ' + mine)]}) == owner


def test_nobody_gets_the_name_of_the_one_person(site: Site) -> None:
    from rantau.errors import RequestError
    from rantau.web.__main__ import make_user

    with pytest.raises(RequestError, match="local: this name is of a chat without accounts"):
        make_user(site, "local", admin=True)


def test_a_new_password_ends_other_sessions(owner: Any) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    assert viewer_of(scope_of(there)) == owner

    def change(old: str, new: str) -> Any:
        return here.post("/api/password", data={"old": old, "new": new}, content_type="application/json")

    assert change("wrong", "panjang-sekali-9").json()["error"]["code"] == "bad_login"
    assert change(PASSWORD, "12345").json()["error"]["code"] == "bad_password"
    assert change(PASSWORD, "panjang-sekali-9").status_code == 200
    assert here.get("/api/me").status_code == 200
    assert there.get("/api/me").status_code == 401 and viewer_of(scope_of(there)) is None


def test_a_socket_knows_its_viewer_by_the_session(owner: Any, http: Client) -> None:
    assert viewer_of(scope_of(http)) == owner
    assert viewer_of(scope_of(Client())) is None
    assert viewer_of({"headers": [(b"cookie", b"\xff=;;;")], "client": None}) is None
    http.logout()
    assert viewer_of(scope_of(http)) is None


def test_a_chat_without_accounts(site_with: Callable[..., Site]) -> None:
    site_with(single_user=True)
    assert Client().get("/api/me").json()["user"] == "local"
    assert viewer_of(scope_of(Client(), "127.0.0.1")).get_username() == "local"
    assert Client().get("/api/me", REMOTE_ADDR="10.0.0.9").status_code == 401
    assert viewer_of(scope_of(Client(), "10.0.0.9")) is None
    assert get_user_model().objects.count() == 1
    assert sign_in(Client(), "local", "").status_code == 403


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"])
@pytest.mark.parametrize("near", ["127.0.0.1", "::1"])
def test_whom_a_proxy_lets_in_is_not_the_one_person(site_with: Callable[..., Site], name: str, near: str) -> None:
    site_with(single_user=True)
    assert Client(REMOTE_ADDR=near).get("/api/me").status_code == 200
    assert Client(REMOTE_ADDR=near).get("/api/me", headers={name: "127.0.0.1"}).status_code == 401
    scope = scope_of(Client(), near)
    assert viewer_of(scope) is not None
    assert viewer_of({**scope, "headers": [(name.lower().encode(), b"127.0.0.1")]}) is None


def test_only_this_machine_reaches_a_chat_without_accounts(site_with: Callable[..., Site]) -> None:
    with pytest.raises(RequestError, match=r"may listen on this machine only, not on 0\.0\.0\.0"):
        site_with(single_user=True, host="0.0.0.0")


def test_others_reach_only_a_chat_with_accounts(site_with: Callable[..., Site]) -> None:
    from rantau.web.__main__ import refuse_open_house
    from rantau.web.guard.viewer import local_user

    local_user()
    refuse_open_house(site_with(host="127.0.0.1"))
    with pytest.raises(RequestError, match="nobody has an account yet"):
        refuse_open_house(site_with(host="0.0.0.0"))
    get_user_model().objects.create_user("ana", password=PASSWORD)
    refuse_open_house(site_with(host="0.0.0.0"))


@pytest.mark.parametrize(
    ("address", "near"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
     ("::ffff:10.0.0.1", False), ("", False), ("localhost.evil.net", False)],
)  # fmt: skip
def test_addresses_of_this_machine(address: str, near: bool) -> None:
    assert is_loopback(address) is near
