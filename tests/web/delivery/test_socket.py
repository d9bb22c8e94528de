"""The socket of a page, against a real web process."""

import asyncio
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rantau.serving.engines.engine import Ended, Heard
from rantau.serving.engines.fake import FakeEngine, word
from rantau.serving.protocol import EntryId
from tests.web.playing import Player
from tests.web.running import Web, asked, keeping, working

PIECES = [
    "สวัส", "ดี ", "ชาว", "โลก ", "សួស្ដី", " ពិភពលោក ", "👩‍👩", "‍👧 ",
    "", "e", "\u0301", "\n\n", "\u200c", "<b>", "ا",
]  # fmt: skip


class Page:
    """A page's side: it keeps the last cursor of each generation, and refuses what does not follow."""

    def __init__(self, web: Web, headers: dict[str, str]) -> None:
        self.web, self.headers = web, headers
        self.last: dict[str, str] = {}
        self.pieces: dict[str, list[str]] = {}
        self.end: dict[str, dict[str, Any]] = {}
        self.states: list[str] = []
        self.errors: list[str] = []

    @property
    def text(self) -> dict[str, str]:
        return {name: "".join(pieces) for name, pieces in self.pieces.items()}

    async def open(self) -> ClientConnection:
        socket = await connect(self.web.socket, additional_headers=self.headers, proxy=None)
        assert json.loads(await socket.recv()) == {"t": "hello", "v": 1}
        return socket

    async def sub(self, socket: ClientConnection, name: str, after: str | None = None) -> None:
        await say(socket, t="sub", gen=name, after=after or self.last.get(name, "0-0"))

    def take(self, frame: dict[str, Any]) -> None:
        name = frame.get("gen", "")
        if frame["t"] == "ev":
            for id_, event in frame["e"]:
                self._event(name, id_, event)
        elif frame["t"] == "gone":
            self.pieces[name] = [frame["final"]["text"]]
            self.end[name] = {"s": frame["final"]["state"], "gone": True}
        elif frame["t"] == "st":
            self.states.append(frame["state"])
        elif frame["t"] == "err":
            self.errors.append(frame["code"])

    def _event(self, name: str, id_: str, event: dict[str, Any]) -> None:
        seq = EntryId.of(id_).seq
        assert seq == EntryId.of(self.last.get(name, "0-0")).seq + 1, (name, id_, self.last.get(name))
        self.last[name] = id_
        if event["k"] == "tok":
            self.pieces.setdefault(name, []).append(event["t"])
        if event["k"] == "end":
            self.end[name] = event

    async def hear(self, socket: ClientConnection, until: Callable[[], Any], seconds: float = 120) -> None:
        async with asyncio.timeout(seconds):
            while not until():
                self.take(json.loads(await socket.recv()))


async def say(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


def ended(page: Page, *names: str) -> Callable[[], bool]:
    return lambda: all(name in page.end for name in names)


def test_every_piece_comes_exactly(web: Web, owner: Any, player: Player) -> None:
    import hashlib

    name = str(asked(owner).id)
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, name)
            for place, piece in enumerate(PIECES):
                await asyncio.to_thread(player.say, name, piece)
                await page.hear(socket, lambda n=place: page.last.get(name) == f"1-{n + 2}")
                assert page.text[name] == "".join(PIECES[: place + 1])
            await asyncio.to_thread(player.end, name)
            await page.hear(socket, ended(page, name))

    asyncio.run(read())
    whole = "".join(PIECES)
    assert page.end[name] == {
        "k": "end", "r": "eos", "s": "done", "n": len(whole), "sha": hashlib.sha256(whole.encode()).hexdigest()
    }  # fmt: skip


@dataclass(eq=False)
class Halting(FakeEngine):
    """Says half of each answer, and the rest when it may."""

    may: threading.Event = field(default_factory=threading.Event)

    def step(self) -> list[Heard | Ended]:
        half = any(2 * place >= self.n_words for _, place in self._on.values())
        if half and not self.may.wait(0.01):
            return []
        return super().step()


def test_connections_that_fall_and_a_web_process_that_dies(web: Web, owner: Any, web_server: Any) -> None:
    names = [str(asked(owner, f"halo {n}").id) for n in range(4)]
    page, draw = Page(web, web.headers(owner)), random.Random(11)
    engine = Halting(n_words=250, words_per_s=50)

    async def visit() -> None:
        socket = await page.open()
        for name in names:
            if name not in page.end:
                await page.sub(socket, name)
        try:
            async with asyncio.timeout(draw.uniform(0.05, 0.4)):
                await page.hear(socket, ended(page, *names))
        except TimeoutError:
            pass
        finally:
            socket.transport.abort() if draw.random() < 0.5 else await socket.close()

    async def read() -> int:
        n = 0
        while not ended(page, *names)():
            n += 1
            assert n < 500
            try:
                await visit()
            except (OSError, ConnectionClosed):
                await asyncio.to_thread(web.start)
            if n == 4:
                web.stop()
                engine.may.set()
        return n

    with working(web_server, engine), keeping(web_server.url):
        visits = asyncio.run(read())
    assert visits > 5
    assert {page.text[name] for name in names} == {"".join(map(word, range(250)))}


def test_many_answers_on_one_socket_and_stop(web: Web, owner: Any, web_server: Any) -> None:
    names = [str(asked(owner, f"halo {n}").id) for n in range(3)]
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            for name in names:
                await page.sub(socket, name)
            await page.hear(socket, lambda: all(page.text.get(n) for n in names))
            await say(socket, t="stop", gen=names[0])
            await page.hear(socket, ended(page, names[0]))
            await say(socket, t="unsub", gen=names[1])
            await say(socket, t="pong")
            await say(socket, t="stop", gen=names[1])
            await say(socket, t="stop", gen=names[2])
            await page.hear(socket, ended(page, names[2]))

    with working(web_server, FakeEngine(n_words=10_000, words_per_s=100)):
        asyncio.run(read())
    assert {page.end[n]["s"] for n in (names[0], names[2])} == {"stopped"} and names[1] not in page.end
    assert "stopping" in page.states


def test_the_place_in_the_queue_is_told(web: Web, owner: Any, queue: Any) -> None:
    first, second = (str(asked(owner).id) for _ in range(2))
    told: list[dict[str, Any]] = []
    both = [{"t": "st", "gen": second, "state": "queued", "pos": 0}, {"t": "st", "gen": first, "state": "stopped"}]
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, second)
            told.append(json.loads(await socket.recv()))
            await say(socket, t="stop", gen=first)
            while not all(frame in told for frame in both):  # in any order
                told.append(json.loads(await socket.recv()))

    asyncio.run(read())
    assert told[0] == {"t": "st", "gen": second, "state": "queued", "pos": 1}


def test_a_log_that_is_gone_is_told_from_the_database(
    web: Web, owner: Any, queue: Any, finished: Callable[..., Any]
) -> None:
    generation = asked(owner)
    finished(generation.message, "Sela", "mat")
    queue.flushall()
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, str(generation.id), "1-2")
            await page.hear(socket, ended(page, str(generation.id)))

    asyncio.run(read())
    assert page.text[str(generation.id)] == "Selamat" and page.end[str(generation.id)]["gone"]


def test_a_reader_who_has_all_of_it_is_told_so(web: Web, owner: Any, finished: Callable[..., Any]) -> None:
    generation = asked(owner)
    finished(generation.message, "ya")
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, str(generation.id), "1-3")
            await page.hear(socket, ended(page, str(generation.id)))

    asyncio.run(read())
    assert page.end[str(generation.id)] == {"s": "done", "gone": True}


def test_a_cursor_beyond_the_log_begins_again(web: Web, owner: Any, player: Player) -> None:
    name = str(asked(owner).id)
    player.say(name, "ya")
    page = Page(web, web.headers(owner))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, name, "3-900")
            await page.hear(socket, lambda: page.errors)
            await page.sub(socket, name)
            await page.hear(socket, lambda: page.text.get(name))

    asyncio.run(read())
    assert page.errors == ["unknown_cursor"] and page.text[name] == "ya"


def test_another_person_sees_and_stops_nothing(web: Web, owner: Any, stranger: Any, player: Player) -> None:
    name = str(asked(owner).id)
    player.say(name, "rahasia")
    page = Page(web, web.headers(stranger))

    async def read() -> None:
        async with await page.open() as socket:
            await page.sub(socket, name)
            await say(socket, t="stop", gen=name)
            await page.hear(socket, lambda: len(page.errors) == 2)
            await say(socket, t="unsub", gen=name)
            with pytest.raises(TimeoutError):
                await page.hear(socket, lambda: page.text or page.states, seconds=0.5)

    asyncio.run(read())
    assert page.errors == ["not_found", "not_found"] and not page.text
    assert player.client.hget("{rantau}:gen:" + name, "state") == "running"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
def test_a_page_of_another_site_gets_no_socket(web: Web, owner: Any, origin: str | None) -> None:
    headers = {"Cookie": web.cookies(owner), **({"Origin": origin} if origin else {})}

    async def read() -> int:
        with pytest.raises(InvalidStatus) as refused:
            await connect(web.socket, additional_headers=headers, proxy=None)
        return refused.value.response.status_code

    assert asyncio.run(read()) == 403


def closes(web: Web, headers: dict[str, str], *frames: str | bytes, path: str = "/ws/v1") -> int:
    """The code with which the socket is closed after these frames."""

    async def read() -> int:
        socket = await connect(web.socket.replace("/ws/v1", path), additional_headers=headers, proxy=None)
        try:
            async with asyncio.timeout(60):
                for frame in frames:
                    await socket.send(frame)
                while True:
                    await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code

    return asyncio.run(read())


def test_who_is_not_signed_in_is_sent_away(web: Web, site: Any) -> None:
    assert closes(web, {"Origin": web.url}) == 4401
    assert closes(web, {"Origin": web.url, "Cookie": f"session_{web.port}=forged"}) == 4401


def test_frames_that_are_too_large_or_binary_close_the_socket(web: Web, owner: Any) -> None:
    headers = web.headers(owner)
    assert closes(web, headers, json.dumps({"t": "pong", "x": "é" * 40_000}, ensure_ascii=False)) == 1009
    assert closes(web, headers, b"\x00") == 1003
    assert closes(web, headers, path="/ws/v2") == 4409


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"), ("[" * 5000, "bad_json"), ("[]", "bad_frame"), ('{"t":"drop table"}', "unknown_frame"),
        ('{"t":"sub","gen":"x"}', "bad_generation"), ('{"t":"sub","gen":7}', "bad_generation"),
        ('{"t":"sub","gen":"6a0f4a4e8b2f4c3c9d7b3a3f7c1c0a11","after":"1-x"}', "bad_cursor"),
        ('{"t":"sub","gen":"6a0f4a4e8b2f4c3c9d7b3a3f7c1c0a11","after":"1-99999999999999999999"}', "bad_cursor"),
        ('{"t":"sub","gen":"6a0f4a4e8b2f4c3c9d7b3a3f7c1c0a11"}', "not_found"),
    ],
)  # fmt: skip
def test_frames_that_make_no_sense_are_told_so(web: Web, owner: Any, frame: str, code: str) -> None:
    page = Page(web, web.headers(owner))

    async def read() -> dict[str, Any]:
        async with await page.open() as socket:
            await socket.send(frame)
            found: dict[str, Any] = json.loads(await socket.recv())
            return found

    assert asyncio.run(read())["code"] == code


def test_a_person_has_eight_sockets_and_another_one_has_his_own(web: Web, owner: Any, stranger: Any) -> None:
    headers, others = web.headers(owner), web.headers(stranger)

    async def read() -> list[int | None]:
        opened = [await Page(web, headers).open() for _ in range(8)]
        ninth = await connect(web.socket, additional_headers=headers, proxy=None)
        await ninth.wait_closed()
        other = await Page(web, others).open()
        await asyncio.gather(*(socket.close() for socket in [*opened, other]))
        return [ninth.close_code, await come_again()]

    async def come_again() -> int | None:
        """Once the server has heard that the others have left."""
        for _ in range(100):
            socket = await connect(web.socket, additional_headers=headers, proxy=None)
            if "hello" in (await first_word(socket)):
                await socket.close()
                return socket.close_code
            await asyncio.sleep(0.05)
        return None

    async def first_word(socket: ClientConnection) -> str:
        try:
            return str(await socket.recv())
        except ConnectionClosed:
            return ""

    assert asyncio.run(read()) == [4429, 1000]
