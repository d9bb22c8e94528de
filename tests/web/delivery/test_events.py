"""Server-sent events and polling, against a real web process."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from rantau.serving.engines.fake import FakeEngine, word
from tests.waiting import until
from tests.web.delivery.test_socket import PIECES
from tests.web.playing import Player
from tests.web.running import Web, asked, working

Event = dict[str, str]


@pytest.fixture
def http_client(web: Web, owner: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url, headers={"Cookie": web.cookies(owner)}, timeout=60, trust_env=False) as c:
        yield c


def parsed(said: httpx.Response) -> Iterator[Event]:
    """Events as a browser reads them; comments under "comment"."""
    event: Event = {}
    for line in said.iter_lines():
        if not line:
            if event:
                yield event
            event = {}
        else:
            name, _, value = line.partition(":")
            event[name or "comment"] = value.removeprefix(" ")


def text_of(events: list[Event]) -> str:
    return "".join(json.loads(e["data"]).get("t", "") for e in events if "id" in e)


def test_events_have_ids_and_go_on_from_the_last_one(http_client: Any, owner: Any, player: Player) -> None:
    name = str(asked(owner).id)
    player.say(name, *PIECES)
    with http_client.stream("GET", f"/api/generations/{name}/events") as said:
        assert said.status_code == 200 and said.headers["content-type"] == "text/event-stream"
        assert (said.headers["x-accel-buffering"], said.headers["cache-control"]) == ("no", "no-store")
        events = parsed(said)
        assert next(events) == {"retry": "1000"}
        first = list(itertools.islice(events, 5))
    assert [e["id"] for e in first] == [f"1-{n}" for n in range(1, 6)]
    player.end(name)
    with http_client.stream(
        "GET", f"/api/generations/{name}/events", headers={"Last-Event-ID": first[-1]["id"]}
    ) as said:
        rest = list(parsed(said))[1:]
    assert [e["id"] for e in rest] == [f"1-{n}" for n in range(6, len(PIECES) + 3)]
    assert text_of(first + rest) == "".join(PIECES)
    assert json.loads(rest[-1]["data"])["n"] == len("".join(PIECES))
    again = http_client.get(f"/api/generations/{name}/events", headers={"Last-Event-ID": rest[-1]["id"]})
    assert again.status_code == 204


def test_a_stream_that_breaks_often_is_exact(http_client: Any, owner: Any, web_server: Any) -> None:
    name, seen = str(asked(owner).id), list[Event]()
    with working(web_server, FakeEngine(n_words=200, words_per_s=80)):
        for n in range(100):
            last = [e["id"] for e in seen if "id" in e][-1:]
            headers = {"Last-Event-ID": last[0]} if last else {}
            with http_client.stream("GET", f"/api/generations/{name}/events", headers=headers) as said:
                if said.status_code == 204:
                    break
                seen += itertools.islice((e for e in parsed(said) if "id" in e), 7 + n)
    assert text_of(seen) == "".join(map(word, range(200)))
    assert [e["id"] for e in seen] == [f"1-{n}" for n in range(1, len(seen) + 1)]


def test_a_stream_that_nobody_reads_leaves_no_connection(http_client: Any, owner: Any, queue: Any) -> None:
    def reading() -> set[str]:
        return {line["id"] for line in queue.client_list() if line["cmd"] == "xread"}

    name = str(asked(owner).id)
    before = reading()  # of tests before this one, which may not have gone yet
    with http_client.stream("GET", f"/api/generations/{name}/events") as said:
        events = parsed(said)  # held: httpx hangs up when the one that reads is thrown away
        first = next(e for e in events if "event" in e)
        assert (first["event"], json.loads(first["data"])["pos"]) == ("st", 0)
        mine = until(lambda: reading() - before, "the reader's connection is there")
    until(lambda: not mine & reading(), "the reader's connection is gone")


def test_what_is_gone_comes_from_the_database(
    http_client: Any, owner: Any, queue: Any, finished: Callable[..., Any]
) -> None:
    generation = asked(owner)
    finished(generation.message, "Sela", "mat")
    queue.flushall()
    with http_client.stream("GET", f"/api/generations/{generation.id}/events?after=1-2") as said:
        events = list(parsed(said))
    assert events[-1]["event"] == "gone" and json.loads(events[-1]["data"])["final"]["text"] == "Selamat"
    polled = http_client.get(f"/api/generations/{generation.id}?after=1-2").json()
    assert (polled["state"], polled["final"]["text"], polled["e"]) == ("done", "Selamat", [])


def test_polling_goes_on_from_the_cursor(http_client: Any, owner: Any, player: Player) -> None:
    name = str(asked(owner).id)
    polled = http_client.get(f"/api/generations/{name}").json()
    assert polled == {"gen": name, "e": [], "state": "queued", "pos": 0}
    assert http_client.get(f"/api/generations/{name}?wait=nan").json() == polled
    player.say(name, "Se", "la")
    polled = http_client.get(f"/api/generations/{name}?after=1-2&wait=5").json()
    assert (polled["e"], polled["state"]) == ([["1-3", {"k": "tok", "t": "la"}]], "running")
    player.end(name)
    polled = http_client.get(f"/api/generations/{name}?after=1-3&wait=5").json()
    assert polled["e"][0][1]["k"] == "end" and polled["state"] == "done"


@pytest.mark.parametrize("ending", ["", "/events"])
def test_answers_are_for_their_owner(
    web: Web, http_client: Any, owner: Any, stranger: Any, player: Player, ending: str
) -> None:
    name = str(asked(owner).id)
    player.say(name, "rahasia")
    address = f"{web.url}/api/generations/{name}{ending}"
    another = httpx.get(address, headers={"Cookie": web.cookies(stranger)}, timeout=60, trust_env=False)
    assert (another.status_code, another.json()["error"]["code"]) == (404, "not_found")
    assert httpx.get(address, timeout=60, trust_env=False).status_code == 401
    assert http_client.get(f"{address}?after=1-x").status_code == 400
    assert http_client.post(address, headers={"Origin": web.url}).status_code in (403, 405)
    foreign = http_client.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403


def test_a_deleted_talk_is_not_read(http_client: Any, owner: Any) -> None:
    from django.utils import timezone

    from rantau.web.records.models import Talk

    generation = asked(owner)
    Talk.objects.update(deleted=timezone.now())
    assert http_client.get(f"/api/generations/{generation.id}").status_code == 404
