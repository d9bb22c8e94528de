"""Connections that say nothing, or say it slowly: they are cut, and lock nobody out."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rantau.errors import RequestError
from rantau.web.guard.connections import Patience, Patient, most_connections
from rantau.web.listening import listen
from tests.waiting import until
from tests.web.running import Web

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Other
except ImportError:  # it is in no extra of ours
    Other = H11Protocol

QUICK = Patience(head_s=1.0, body_s=1.5, between_s=30.0, head_bytes=4096, n_waiting=8, young_s=0.0)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """/slow takes longer than anybody may take to ask; a WebSocket says one word after as long."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(1.5)
        await send({"type": "websocket.send", "text": "there"})
        await receive()
        return
    body, more = b"", True
    while more:
        told = await receive()
        if told["type"] == "http.disconnect":
            return
        body, more = body + told.get("body", b""), told.get("more_body", False)
    await asyncio.sleep(1.5 if scope["path"] == "/slow" else 0)
    said = b"%d" % len(body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@dataclass(frozen=True)
class Served:
    """A server in a thread of this process."""

    port: int
    loop: asyncio.AbstractEventLoop

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """What is sent meanwhile lies there when it goes on: it was sent in time, whatever this machine does."""
        stands, goes_on = threading.Event(), threading.Event()
        self.loop.call_soon_threadsafe(lambda: (stands.set(), goes_on.wait()))
        stands.wait()
        try:
            yield
        finally:
            goes_on.set()


@pytest.fixture(scope="module", params=[H11Protocol, Other], ids=["h11", "httptools"])
def quick(request: pytest.FixtureRequest) -> Iterator[Served]:
    with served(request.param, QUICK) as made:
        yield made


@pytest.fixture
def port(quick: Served) -> int:
    return quick.port


@contextmanager
def served(protocol: Any, patience: Patience) -> Iterator[Served]:
    kind = type("Quick", (Patient, protocol), {"patience": patience, "waiting": {}})
    sockets = listen("127.0.0.1", 0)
    config = uvicorn.Config(application, http=kind, log_config=None, lifespan="off", timeout_keep_alive=30)
    server, loops = uvicorn.Server(config), list[asyncio.AbstractEventLoop]()

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    until(lambda: server.started, "the server")
    try:
        yield Served(sockets[0].getsockname()[1], loops[0])
    finally:  # also where a test failed: the process would wait for the thread
        server.should_exit = True
        thread.join(60)
        for one in sockets:
            one.close()


@contextmanager
def line(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as made:
        yield made


def is_cut(made: socket.socket) -> bool:
    """Whether it is, within a minute; now, if it does not block."""
    try:
        return made.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def ask(made: socket.socket, path: str = "/", body: bytes = b"") -> bytes:
    made.sendall(request(path, body))
    return heard(made, b"\r\n\r\n%d" % len(body))


def request(path: str = "/", body: bytes = b"") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body


def heard(made: socket.socket, end: bytes) -> bytes:
    """All that is said up to this end."""
    said = b""
    while not said.endswith(end):
        more = made.recv(4096)
        assert more, said
        said += more
    return said


def drip(made: socket.socket, words: bytes) -> bool:
    """One byte after another; whether somebody hung up before the last."""
    try:
        for byte in words:
            made.sendall(bytes([byte]))
            time.sleep(0.02)
    except ConnectionError:
        return True
    return False


def test_who_says_nothing_is_cut(port: int) -> None:
    with line(port) as made:
        assert is_cut(made)


@pytest.mark.parametrize("before", [False, True])
def test_who_sends_a_head_byte_by_byte_is_cut(quick: Served, before: bool) -> None:
    """Also behind a request that was answered, where every byte makes uvicorn forget its own patience."""
    with ExitStack() as opened:
        with quick.standing_still():
            made = opened.enter_context(line(quick.port))
            made.sendall(request() if before else b"")
        if before:
            heard(made, b"\r\n\r\n0")
        assert drip(made, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 400)


def test_who_sends_a_body_byte_by_byte_is_cut(port: int) -> None:
    with line(port) as made:
        made.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n")
        assert drip(made, b"a" * 400)


def test_a_head_without_end_is_cut(port: int) -> None:
    with line(port) as made:
        made.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 8192)
        said = b""
        try:
            while more := made.recv(4096):
                said += more
        except ConnectionError:
            pass
        assert b" 200 " not in said


@pytest.mark.parametrize("protocol", [H11Protocol, Other])
def test_silent_ones_lock_nobody_out(protocol: Any) -> None:
    with served(protocol, replace(QUICK, head_s=600)) as here, ExitStack() as opened:
        silent = [opened.enter_context(line(here.port)) for _ in range(40)]
        made = opened.enter_context(line(here.port))
        assert ask(made).endswith(b"0")
        assert is_cut(silent[0])  # the oldest made room
        assert ask(made, body=b"abc").endswith(b"3")


@pytest.mark.parametrize(("n_most", "answered"), [(99, 40), (30, 30)])
def test_people_who_come_back_all_at_once_are_let_in(n_most: int, answered: int) -> None:
    calm = replace(QUICK, head_s=600, young_s=600, n_most=n_most)
    with served(H11Protocol, calm) as here, ExitStack() as opened:
        lines = [opened.enter_context(line(here.port)) for _ in range(40)]
        for cut in lines[: 40 - answered]:
            assert is_cut(cut)
        assert [ask(made)[-1:] for made in lines[40 - answered :]] == [b"0"] * answered


def test_what_is_asked_in_time_is_answered_however_long_that_takes(quick: Served) -> None:
    with ExitStack() as opened:
        with quick.standing_still():
            made = opened.enter_context(line(quick.port))
            made.sendall(request("/slow"))
        heard(made, b"\r\n\r\n0")
        time.sleep(1.2)  # between two requests there is time
        assert ask(made, "/slow").endswith(b"0")
        time.sleep(1.2)
        with quick.standing_still():
            made.sendall(request(body=b"a" * 100_000))
        heard(made, b"\r\n\r\n100000")


def test_a_socket_stays_open(quick: Served) -> None:
    asked = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    with ExitStack() as opened:
        with quick.standing_still():
            made = opened.enter_context(line(quick.port))
            made.sendall(f"{asked}{key}".encode())
        assert heard(made, b"\x81\x05there").startswith(b"HTTP/1.1 101 ")


def test_a_port_that_is_taken_is_told() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RequestError, match=r"127\.0\.0\.1 port \d+: .*take another port"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_there_is_a_limit_and_it_is_no_small_one() -> None:
    assert 64 <= most_connections() <= 4096


def test_hundreds_of_silent_ones_and_the_page_is_there(web: Web) -> None:
    """The process as it is started: its oldest connections make room."""
    with ExitStack() as opened:
        oldest = opened.enter_context(line(web.port))
        oldest.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heard(oldest, b"ok\n")  # after an answer it would have between_s by itself
        for _ in range(Patience().n_waiting):
            opened.enter_context(line(web.port))
        oldest.settimeout(0)
        until(lambda: web.lives() and is_cut(oldest), "the oldest makes room", limit_s=60)
