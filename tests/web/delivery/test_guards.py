"""What ends a socket from the outside, and what a slow page costs."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.models import Session
from django.test import AsyncRequestFactory
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rantau.web.delivery import socket as door
from rantau.web.delivery.events import events, poll, polls
from rantau.web.delivery.limits import FRAMES_PER_S, SOCKETS_EACH, Pace
from tests.web.delivery.test_socket import Page, say
from tests.web.running import Web, asked

HOST = "127.0.0.1:8000"
LONG = "kata " * 400  # 2 kB
N_ENTRIES = 12_000


class Opened:
    """The socket in this process, where a test can shorten its patience."""

    def __init__(self, cookies: str) -> None:
        headers = [(b"origin", f"http://{HOST}".encode()), (b"host", HOST.encode()), (b"cookie", cookies.encode())]
        scope = {"type": "websocket", "path": "/ws/v1", "headers": headers, "client": ("127.0.0.1", 9)}
        self._app = ApplicationCommunicator(door.application, scope)

    async def __aenter__(self) -> "Opened":
        await self._app.send_input({"type": "websocket.connect"})
        assert (await self._app.receive_output(60))["type"] == "websocket.accept"
        assert await self.hear() == {"t": "hello", "v": 1}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._app.wait(60)

    async def say(self, **frame: Any) -> None:
        await self._app.send_input({"type": "websocket.receive", "text": json.dumps(frame)})

    async def hear(self) -> Any:
        told = await self._app.receive_output(60)
        return json.loads(told["text"]) if "text" in told else told

    async def hears_nothing(self, seconds: float) -> bool:
        return bool(await self._app.receive_nothing(seconds))

    async def close_code(self) -> int:
        while True:
            told = await self.hear()
            if told.get("type") == "websocket.close":
                return int(told["code"])


def run(test: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        return await test()

    return asyncio.run(whole())


@pytest.fixture
def cookies(site: Any, owner: Any) -> str:
    return Web(site.port).cookies(owner)


def test_a_socket_that_follows_nothing_is_closed(cookies: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(door, "FIRST_SUB_S", 0.2)

    async def read() -> int:
        async with Opened(cookies) as socket:
            return await socket.close_code()

    assert run(read) == 4408
    assert door.places.all == 0


@pytest.mark.parametrize("what", ["signed out", "password changed", "account closed"])
def test_a_socket_ends_with_its_session(cookies: str, owner: Any, monkeypatch: Any, what: str) -> None:
    monkeypatch.setattr(door, "SESSION_S", 0.2)

    def end_session() -> None:
        if what == "signed out":
            Session.objects.all().delete()
            return
        owner.set_password("lain-sekali-9") if what == "password changed" else setattr(owner, "is_active", False)
        owner.save()

    async def read() -> int:
        async with Opened(cookies) as socket:
            await sync_to_async(end_session)()
            return await socket.close_code()

    assert run(read) == 4401


def test_a_frame_after_the_session_is_refused(cookies: str) -> None:
    async def read() -> int:
        async with Opened(cookies) as socket:
            await sync_to_async(Session.objects.all().delete)()
            await socket.say(t="pong")
            return await socket.close_code()

    assert run(read) == 4401


def test_frames_that_are_too_many_close_the_socket(cookies: str, monkeypatch: Any) -> None:
    """At once, whatever time this machine needs for each."""
    monkeypatch.setattr(door, "Pace", lambda: Pace(clock=lambda: 0.0))

    async def read() -> int:
        async with Opened(cookies) as socket:
            for _ in range(FRAMES_PER_S):
                await socket.say(t="pong")
            assert await socket.hears_nothing(0.5)
            await socket.say(t="pong")
            return await socket.close_code()

    assert run(read) == 4429


def test_a_socket_follows_so_many_and_no_more(cookies: str, owner: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(door, "FOLLOWED_EACH", 2)
    names = [str(asked(owner).id) for _ in range(3)]

    async def read() -> Any:
        async with Opened(cookies) as socket:
            for name in names:
                await socket.say(t="sub", gen=name)
            while (told := await socket.hear())["t"] != "err":
                pass
            return told

    assert run(read) == {"t": "err", "code": "too_many", "gen": names[2]}


def view_of(view: Any, owner: Any, name: Any, query: str = "") -> Any:
    """What a view of the fallbacks answers, before anything of its stream is taken."""

    async def viewer() -> Any:
        return owner

    async def read() -> Any:
        request = AsyncRequestFactory().get(f"/{query}")
        request.auser = viewer  # type: ignore[method-assign]
        return await view(request, name)

    return run(read)


def test_a_stream_that_never_begins_keeps_no_place(owner: Any) -> None:
    name = asked(owner).id
    for _ in range(2 * SOCKETS_EACH):
        assert view_of(events, owner, name).streaming
    assert door.places.all == 0


def test_streams_have_places_and_no_more(owner: Any) -> None:
    name = asked(owner).id
    late = view_of(events, owner, name)
    for _ in range(SOCKETS_EACH):
        door.places.take(owner.pk)
    try:
        assert view_of(events, owner, name).status_code == 429

        async def read() -> list[str]:
            return [part.decode() async for part in late]

        assert 'event: err\ndata: {"t":"err","code":"too_many"' in run(read)[-1]
        assert door.places.all == SOCKETS_EACH
    finally:
        for _ in range(SOCKETS_EACH):
            door.places.leave(owner.pk)


def test_polls_have_places_and_no_more(owner: Any) -> None:
    name = asked(owner).id
    assert view_of(poll, owner, name).status_code == 200 and polls.all == 0
    for _ in range(polls.most):
        polls.take(owner.pk)
    try:
        assert view_of(poll, owner, name).status_code == 429
    finally:
        for _ in range(polls.most):
            polls.leave(owner.pk)


def test_a_broker_that_is_away_is_told_once(cookies: str, owner: Any, site_with: Any) -> None:
    name = str(asked(owner).id)
    site_with(broker="unix:///nowhere/broker.sock")

    async def read() -> Any:
        async with Opened(cookies) as socket:
            await socket.say(t="sub", gen=name)
            told = await socket.hear()
            assert await socket.hears_nothing(0.5)
            return told

    assert run(read) == {"t": "err", "code": "broker_lost", "retry_s": 1}


def resident_mib(web: Web) -> float:
    assert web.process is not None
    return int(Path(f"/proc/{web.process.pid}/statm").read_text().split()[1]) * 4096 / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the size of a process from /proc")
def test_pages_that_do_not_read_cost_little(web: Web, owner: Any, queue: Any, player: Any) -> None:
    """24 MB wait for each of five pages; then one of them reads all of it."""
    name, headers = str(asked(owner).id), web.headers(owner)
    player.say(name, "first")
    with queue.pipeline(transaction=False) as pipe:
        for n in range(N_ENTRIES):
            pipe.xadd("{rantau}:out:" + name, {"k": "tok", "t": LONG, "i": "1"}, id=f"1-{n + 3}")
        pipe.execute()
    page = Page(web, headers)

    async def stalled() -> Any:
        socket = await connect(web.socket, additional_headers=headers, proxy=None, max_queue=1)
        await say(socket, t="sub", gen=name, after="1-1")
        return socket

    async def read() -> float:
        async with await page.open() as warm:
            await page.sub(warm, name)
            await page.hear(warm, lambda: name in page.pieces)
        page.last.clear(), page.pieces.clear()
        before = resident_mib(web)
        sockets = [await stalled() for _ in range(5)]
        await asyncio.sleep(2)
        grown = resident_mib(web) - before
        for socket in sockets:
            socket.transport.abort()
        async with await page.open() as socket:
            await page.sub(socket, name)
            await page.hear(socket, lambda: page.last.get(name) == f"1-{N_ENTRIES + 2}")
        return grown

    grown = asyncio.run(read())
    assert len(page.text[name]) == len(LONG) * N_ENTRIES + len("first")
    assert grown < 20, f"{grown:.0f} MiB for five pages that do not read"


def test_a_web_process_that_is_told_to_stop_says_so(web: Web, owner: Any) -> None:
    import signal

    name, page = str(asked(owner).id), Page(web, web.headers(owner))

    async def read() -> int:
        socket = await page.open()
        await page.sub(socket, name)
        await socket.recv()
        assert web.process is not None
        web.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                while True:
                    await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code

    try:
        assert asyncio.run(read()) == 1012
    finally:
        web.stop()
        web.start()
