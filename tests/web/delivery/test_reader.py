"""A reader of many generations: one cursor in each, no gap and no duplicate, whatever happens to the broker."""

import asyncio
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.serving.broker import Broker, broker, start_broker
from rantau.serving.protocol import START, End, Entry, EntryId, Job, Phase, Tokens
from rantau.serving.queue import Admission, Claims, Held, Limits, connect
from rantau.web.delivery.reader import Holed, News, Reader
from rantau.web.health import counts
from tests.waiting import until

DONE = End("eos", "done", 3)
WAIT_MS = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def client(server: Broker) -> Iterator[Any]:
    connected = connect(server.url)
    connected.flushall()
    counts.counted.clear()
    yield connected
    connected.close()


class Scribe:
    """A worker that writes what a test tells it."""

    def __init__(self, client: Any, *names: str) -> None:
        admission = Admission(client, limits=Limits(each_owner=99))
        for name in names:
            admission.admit(Job(name, "ana", "m", ()), message=name)
        self.claims = Claims(client, "w1", idle_ms=60_000)
        self.claims.prepare()
        self.held: dict[str, Held] = {h.job.generation: h for h in self.claims.claim(len(names))}
        self.at = {name: held.first for name, held in self.held.items()}
        self.texts = dict.fromkeys(names, "")

    def say(self, name: str, text: str) -> None:
        self.claims.write([(self.held[name], self._next(name), Tokens(text, (len(text),)))])
        self.texts[name] += text

    def end(self, name: str) -> None:
        self.claims.finish(self.held[name], self._next(name), DONE)

    def _next(self, name: str) -> EntryId:
        at = self.at[name]
        self.at[name] = EntryId(at.attempt, at.seq + 1)
        return at


class Heard:
    """What came of each generation; it refuses what does not follow."""

    def __init__(self) -> None:
        self.log: dict[str, list[tuple[EntryId, Entry | None]]] = {}

    def take(self, news: list[News]) -> None:
        for item in news:
            log = self.log.setdefault(item.generation, [])
            for id_, entry in item.entries:
                assert id_.seq == len(log) + 1, (item.generation, id_, len(log))
                log.append((id_, entry))

    def text(self, name: str) -> str:
        return "".join(e.text for _, e in self.log.get(name, []) if isinstance(e, Tokens))

    def after(self, name: str) -> EntryId:
        return self.log[name][-1][0] if self.log.get(name) else START

    def ended(self, name: str) -> bool:
        return bool(self.log.get(name)) and isinstance(self.log[name][-1][1], End)


async def read_to_the_end(reader: Reader, heard: Heard, names: list[str]) -> None:
    async with asyncio.timeout(60):
        while not all(map(heard.ended, names)):
            heard.take(await reader.read())
    await reader.aclose()


def test_what_was_said_and_what_is_said_next_of_many(client: Any, server: Broker) -> None:
    names = [f"g{n}" for n in range(8)]
    scribe, heard, draw = Scribe(client, *names), Heard(), random.Random(3)
    for name in names:
        scribe.say(name, f"ก็{name} ")
    writing = threading.Thread(target=write_all, args=(scribe, names, draw))
    writing.start()

    async def read() -> None:
        reader = Reader(server.url, wait_ms=WAIT_MS, count=5)
        for name in names:
            reader.follow(name)
        await read_to_the_end(reader, heard, names)
        assert not reader.after

    asyncio.run(read())
    writing.join()
    assert {name: heard.text(name) for name in names} == scribe.texts
    assert heard.log["g0"][0] == (EntryId(1, 1), Phase("prefill", "w1"))
    assert counts.counted["holes", ""] == 0


def write_all(scribe: Scribe, names: list[str], draw: random.Random) -> None:
    for n in range(300):
        scribe.say(draw.choice(names), f"{n} ភាសាខ្មែរ 👩‍👩‍👧 ")
        if n % 50 == 0:
            time.sleep(0.01)
    for name in names:
        scribe.end(name)


def test_readers_that_come_and_go_miss_nothing_and_hear_nothing_twice(client: Any, server: Broker) -> None:
    names = ["g0", "g1", "g2"]
    scribe, heard, draw = Scribe(client, *names), Heard(), random.Random(5)
    writing = threading.Thread(target=write_all, args=(scribe, names, random.Random(6)))
    before = len(client.client_list())
    writing.start()

    async def one_visit() -> None:
        reader = Reader(server.url, wait_ms=WAIT_MS, count=draw.choice((1, 2, 5)))
        for name in names:
            if not heard.ended(name):
                reader.follow(name, heard.after(name))
        for _ in range(draw.randint(1, 3)):
            heard.take(await reader.read())
        last = asyncio.create_task(reader.read())  # what it reads is lost with it
        await asyncio.sleep(draw.choice((0, 0.001, 0.01)))
        last.cancel()
        await asyncio.gather(last, return_exceptions=True)
        await reader.aclose()

    async def visits() -> int:
        n = 0
        while not all(map(heard.ended, names)):
            await one_visit()
            n += 1
            assert n < 3000
        return n

    assert asyncio.run(visits()) > 3
    writing.join()
    assert {name: heard.text(name) for name in names} == scribe.texts
    until(lambda: len(client.client_list()) <= before)  # no reader left its connection behind
    assert counts.counted["holes", ""] == 0


def test_a_reader_survives_the_broker(tmp_path: Path) -> None:
    started = start_broker(tmp_path)
    scribe, heard = Scribe(connect(started.url), "g"), Heard()
    scribe.say("g", "Sela")

    async def read() -> None:
        nonlocal started
        reader = Reader(started.url, wait_ms=WAIT_MS)
        reader.follow("g")
        heard.take(await reader.read())
        assert heard.text("g") == "Sela"
        started.process.send_signal(signal.SIGKILL)
        started.process.wait()
        assert await reader.read() == [] and reader.lost
        assert await reader.standings() == {} and await reader.text("g") is None
        started = await asyncio.to_thread(start_broker, tmp_path)
        await asyncio.to_thread(scribe.say, "g", "mat pagi")
        await asyncio.to_thread(scribe.end, "g")
        await read_to_the_end(reader, heard, ["g"])
        assert not reader.lost

    try:
        asyncio.run(read())
    finally:
        started.stop()
    assert heard.text("g") == "Selamat pagi"


def test_a_broker_that_hangs_is_lost_and_found(client: Any, server: Broker, monkeypatch: Any) -> None:
    monkeypatch.setattr("rantau.serving.queue.connection.SILENT_S", 0.2)
    scribe, heard = Scribe(client, "g"), Heard()

    async def read() -> None:
        reader = Reader(server.url, wait_ms=WAIT_MS)
        reader.follow("g")
        heard.take(await reader.read())
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert await reader.read() == [] and reader.lost
        finally:
            server.process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(scribe.say, "g", "ya")
        await asyncio.to_thread(scribe.end, "g")
        await read_to_the_end(reader, heard, ["g"])

    asyncio.run(read())
    assert heard.text("g") == "ya"


def test_how_silent_generations_stand(client: Any, server: Broker) -> None:
    scribe = Scribe(client, "running", "ended")
    scribe.end("ended")
    admission = Admission(client, limits=Limits(each_owner=99))
    for name in ("first", "second"):
        admission.admit(Job(name, "ana", "m", ()), message=name)

    async def ask() -> dict[str, tuple[str | None, str, int | None]]:
        reader = Reader(server.url, wait_ms=WAIT_MS)
        for name in ("running", "ended", "first", "second", "unheard of"):
            reader.follow(name, EntryId(1, 9))
        found = await reader.standings()
        await reader.aclose()
        return {name: (s.state, str(s.last), s.ahead) for name, s in found.items()}

    assert asyncio.run(ask()) == {
        "running": ("running", "1-1", None), "ended": ("done", "1-2", None), "first": ("queued", "0-0", 0),
        "second": ("queued", "0-0", 1), "unheard of": (None, "0-0", None),
    }  # fmt: skip


def test_a_place_is_known_before_any_worker_has_come(client: Any, server: Broker) -> None:
    Admission(client).admit(Job("g", "ana", "m", ()), message="g")

    async def ask() -> Any:
        reader = Reader(server.url)
        reader.follow("g")
        found = await reader.standings()
        await reader.aclose()
        return found["g"].ahead

    assert asyncio.run(ask()) == 0


def read_once(server: Broker, after: EntryId = START) -> News:
    async def read() -> News:
        reader = Reader(server.url, wait_ms=WAIT_MS)
        reader.follow("g", after)
        (found,) = await reader.read()
        await reader.aclose()
        return found

    return asyncio.run(read())


def test_nothing_is_read_behind_what_is_lost(client: Any, server: Broker) -> None:
    scribe = Scribe(client, "g")
    for text in "abcd":
        scribe.say("g", text)
    scribe.end("g")
    client.xdel("{rantau}:out:g", "1-4")
    news = read_once(server)
    assert news.holed and [str(id_) for id_, _ in news.entries] == ["1-1", "1-2", "1-3"]
    assert read_once(server, EntryId(1, 3)) == News("g", (), True)
    assert not read_once(server, EntryId(1, 4)).holed
    assert counts.counted["holes", ""] == 2

    async def whole() -> None:
        reader = Reader(server.url)
        try:
            with pytest.raises(Holed):
                await reader.text("g")
        finally:
            await reader.aclose()

    asyncio.run(whole())


def test_what_only_another_version_can_read_keeps_its_place(client: Any, server: Broker) -> None:
    scribe = Scribe(client, "g")
    client.xadd("{rantau}:out:g", {"k": "of another version"}, id="1-2")
    scribe.at["g"] = EntryId(1, 3)
    scribe.say("g", "a\x00b")
    news = read_once(server)
    assert [entry for _, entry in news.entries[1:]] == [None, Tokens("a\ufffdb", (3,))]
    assert counts.counted["unreadable", ""] == 1
