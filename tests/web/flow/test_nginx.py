"""The chat behind the nginx that the documentation ships: each way of reading, over TLS, also while it reloads."""

import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import openai
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from websockets.sync.client import connect as open_socket

from rantau.serving.broker import Broker
from rantau.serving.engines.fake import FakeEngine, word
from rantau.web.compatible.keys import make
from tests.browser import FOUND, Browser, browser
from tests.web.conftest import PASSWORD
from tests.web.flow.nginx import MISSING, Nginx, nginx
from tests.web.pages.chat import Chat
from tests.web.pages.looking import script
from tests.web.playing import Player
from tests.web.running import Web, asked, keeping, web_process, working

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)}. apt-get install nginx openssl"
)
WORDS = ("Se", "lamat ", "pa", "gi, ", "dunia")
HERE = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def web(web_server: Broker) -> Iterator[Web]:
    with web_process(secure=True) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with nginx(tmp_path_factory.mktemp("nginx"), web.port) as started:
        yield started


@pytest.fixture(scope="module")
def trust(proxy: Nginx) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(proxy.certificate))


def may_sign_in(owner: Any) -> None:
    """The web process knows the real hashers only, and those of the tests are not among them."""
    owner.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-the-test-1234", 1000)
    owner.save()


@pytest.fixture
def person(proxy: Nginx, trust: ssl.SSLContext, owner: Any) -> Iterator[httpx.Client]:
    """`owner`, who has signed in as a page does it; with the token of the form."""
    may_sign_in(owner)
    with httpx.Client(base_url=proxy.url, verify=trust, trust_env=False, timeout=60, headers=HERE) as client:
        client.headers["Origin"] = proxy.url
        client.get("/login")
        client.headers["X-CSRFToken"] = client.cookies["__Host-csrf"]
        said = client.post("/api/login", json={"user": "ana", "password": PASSWORD})
        assert said.status_code == 200, said.text
        client.headers["X-CSRFToken"] = client.get("/api/me").json()["csrf"]
        yield client


def by_socket(person: httpx.Client, proxy: Nginx, trust: ssl.SSLContext, name: str) -> Iterator[Any]:
    cookie = "; ".join(f"{one.name}={one.value}" for one in person.cookies.jar)
    address = proxy.url.replace("https", "wss") + "/ws/v1"
    with open_socket(
        address, ssl=trust, origin=proxy.url, additional_headers={"Cookie": cookie}, proxy=None
    ) as line:
        line.send(json.dumps({"t": "sub", "gen": name, "after": "0-0"}))
        while True:
            yield from json.loads(line.recv(timeout=60)).get("e", [])


def by_events(person: httpx.Client, proxy: Nginx, trust: ssl.SSLContext, name: str) -> Iterator[Any]:
    with person.stream("GET", f"/api/generations/{name}/events") as said:
        assert said.headers["content-type"] == "text/event-stream"
        id_ = ""
        for line in said.iter_lines():
            kind, _, value = line.partition(": ")
            id_ = value if kind == "id" else id_
            if kind == "data" and id_:
                yield id_, json.loads(value)


def by_poll(person: httpx.Client, proxy: Nginx, trust: ssl.SSLContext, name: str) -> Iterator[Any]:
    after = "0-0"
    while True:
        told = person.get(f"/api/generations/{name}?after={after}&wait=10").json()
        for id_, event in told["e"]:
            after = id_
            yield id_, event


@pytest.mark.parametrize("way", [by_socket, by_events, by_poll])
def test_each_piece_comes_when_it_is_said(
    way: Any, person: httpx.Client, proxy: Nginx, trust: ssl.SSLContext, owner: Any, player: Player
) -> None:
    """Nothing more is said before it was read: whoever kept pieces back would wait for ever."""
    name = str(asked(owner).id)
    player.take()
    with closing(way(person, proxy, trust, name)) as events:
        assert next(events)[1]["k"] == "ph"
        for place, text in enumerate(WORDS):
            if place == 2:
                proxy.reload()
            player.say(name, text)
            id_, event = next(events)
            assert (event["k"], event["t"], id_) == ("tok", text, f"1-{place + 2}")
        player.end(name)
        assert next(events)[1]["n"] == len("".join(WORDS))


def test_a_program_of_openai(
    proxy: Nginx, trust: ssl.SSLContext, owner: Any, site: Any, web_server: Broker
) -> None:
    secret, said = make(owner, "test", ("chat", "models"), 1000)[1], list[str]()
    http = httpx.Client(verify=trust, trust_env=False)
    ask: Any = {"model": "demo", "messages": [{"role": "user", "content": "halo"}]}
    with (
        openai.OpenAI(api_key=secret, base_url=f"{proxy.url}/v1", max_retries=0, http_client=http) as client,
        working(web_server, FakeEngine(n_words=30, words_per_s=20)), keeping(web_server.url),
    ):  # fmt: skip
        for chunk in client.chat.completions.create(**ask, stream=True):
            said += [chunk.choices[0].delta.content or ""]
            if len(said) == 10:
                proxy.reload()
        for size in (600_000, 5_000_000):  # the site refuses the one, nginx the other
            ask["messages"][0]["content"] = "x" * size
            with pytest.raises(openai.APIStatusError, match="Send less") as told:
                client.chat.completions.create(**ask)
            assert (told.value.status_code, told.value.code) == (413, "too_large")
    assert "".join(said) == "".join(map(word, range(30))) and len(said) > 10


@pytest.mark.parametrize(
    ("path", "size", "status", "code"),
    [
        ("/api/talks", 600_000, 413, "too_large"), ("/api/talks", 5_000_000, 413, "too_large"),
        ("/api/talks/import", 8_000_000, 400, "bad_file"), ("/api/talks/import", 9_000_000, 413, "too_large"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_told_as_everything_else(
    person: httpx.Client, path: str, size: int, status: int, code: str
) -> None:
    said = person.post(path, json={"a": "x" * size})
    assert (said.status_code, said.json()["error"]["code"]) == (status, code)


def test_other_names_and_other_ports(proxy: Nginx, person: httpx.Client) -> None:
    assert person.get("/api/me", headers={"Host": "other.example"}).json()["error"]["code"] == "bad_request"
    for origin in ("https://localhost", f"http://localhost:{proxy.port}", "https://other.example"):
        assert person.post("/api/talks", json={}, headers={"Origin": origin}).status_code == 403
    plain = httpx.get(f"http://localhost:{proxy.plain}/talk/1?a=b", timeout=60, trust_env=False)
    assert (plain.status_code, plain.headers["location"]) == (301, "https://localhost/talk/1?a=b")


@pytest.mark.parametrize(
    ("without", "asked_for"),
    [((), "/api/me"), (("noSocket",), "/events?"), (("noSocket", "noEvents"), "&wait=")],
    ids=["socket", "events", "poll"],
)
def test_a_person_with_a_browser(
    proxy: Nginx, owner: Any, site: Any, web_server: Broker, without: tuple[str, ...], asked_for: str
) -> None:
    if FOUND is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    may_sign_in(owner)
    with (
        browser(proxy.url, ["--ignore-certificate-errors"]) as page,
        working(web_server, FakeEngine(n_words=100, words_per_s=20)), keeping(web_server.url),
    ):  # fmt: skip
        sign_in(page)
        page.run(script("stubs"))
        for name in without:
            page.run(f"stubs.{name}()")
        chat = Chat(page)
        chat.send("halo")
        page.until("document.querySelector('.answer .said')?.innerText.includes('lima4')")
        proxy.reload()
        chat.saved()
        assert chat.answers() == ["".join(map(word, range(100))).strip()]
        assert page.errors == [] and any(asked_for in address for address in page.requests)
        assert bool(without) or any(frame.get("t") == "ev" for frame in page.frames)


def sign_in(page: Browser) -> None:
    page.go("/login")
    page.click("#user")
    page.type("ana")
    page.click("#password")
    page.type(PASSWORD)
    page.press("Enter")
    page.until("document.body.dataset.begun")
