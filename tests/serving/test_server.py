"""What is told of a server before it is trusted."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import RequestError
from rantau.serving.broker import Broker
from rantau.serving.queue import (
    BrokerLost,
    check_server,
    check_tenant,
    connect,
    connect_async,
    move_in,
    warnings_of,
)
from rantau.serving.queue.server import _faults, _open


def told_of(client: Any) -> list[str]:
    """What is said of its settings; a server of the system may have faults of its version besides."""
    return [sentence for sentence in warnings_of(client) if "CVE" not in sentence]


def test_our_own_broker_has_no_warnings(client: Any) -> None:
    assert told_of(client) == []


def test_our_own_broker_is_reached_by_us_alone(server: Broker, client: Any) -> None:
    socket = Path(server.url.removeprefix("unix://"))
    assert socket.is_socket() and socket.stat().st_mode & 0o077 == 0
    assert client.config_get("port") == {"port": "0"}


@pytest.mark.parametrize(("name", "value"), [("maxmemory-policy", "allkeys-lru"), ("appendonly", "no")])
def test_a_broker_that_may_forget_is_told(client: Any, name: str, value: str) -> None:
    before = client.config_get(name)[name]
    client.config_set(name, value)
    try:
        (said,) = told_of(client)
    finally:
        client.config_set(name, before)
    assert f"{name} {value}" in said and f"Set {name} {before}" in said


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://broker.example", True), ("rediss://broker.example:6379", True), ("redis://127.0.0.1", True),
        ("redis://:word@broker.example", False), ("rediss://web:word@broker.example", False),
        ("unix:///run/broker.sock", False),
    ],
)  # fmt: skip
def test_a_broker_that_asks_for_no_password_is_told(url: str, told: bool) -> None:
    assert bool(_open(connect(url))) is told


@pytest.mark.parametrize("url", ["redis://:secret#x@h:1", "redis://ana:secret/x@h:1", "http://ana:secret@h"])
def test_no_password_is_told_of_an_address_that_is_none(url: str) -> None:
    for make in (connect, connect_async):
        with pytest.raises(RequestError, match="no address of a broker") as said:
            make(url)
        assert "secret" not in str(said.value)


def old_server(version: str) -> Iterator[str]:
    """Says its version, and nothing else."""
    info = f"# Server\r\nredis_version:{version}\r\n"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self.rfile.readline():
                words = [self.rfile.readline() and self.rfile.readline().strip() for _ in range(int(head[1:]))]
                known = words[0].upper() == b"INFO"
                self.wfile.write(f"${len(info)}\r\n{info}\r\n".encode() if known else b"-ERR unknown command\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}?protocol=2"
        server.shutdown()


@pytest.mark.parametrize(("version", "fine"), [("6.2.14", False), ("7.0.0", True)])
def test_a_server_that_is_too_old_is_refused(version: str, fine: bool) -> None:
    with contextmanager(old_server)(version) as url:
        client = connect(url, retries=0)
        if fine:
            check_server(client)
        else:
            with pytest.raises(RequestError, match=r"the broker is redis 6\.2\.14, which is too old"):
                check_server(client)
        client.close()


def test_our_own_server_is_fine_and_one_that_is_gone_is_lost(client: Any) -> None:
    check_server(client)
    with pytest.raises(BrokerLost):
        check_server(connect("redis://127.0.0.1:1", retries=0))


def test_a_broker_is_of_one_chat_until_it_loses_its_data(client: Any) -> None:
    move_in(client, "abc", ["demo", "demo-base"])
    move_in(client, "abc", ["demo"])  # another process of it, or another start
    with pytest.raises(RequestError, match=r"is of chat abc \(demo\), and this is chat xyz.*DEL '{rantau}:chat'"):
        move_in(client, "xyz", ["puisi"])
    client.flushall()
    check_tenant(client, ["demo"], "abc")
    move_in(client, "xyz", ["puisi"])
    with pytest.raises(RequestError, match="is of chat xyz"):
        move_in(client, "abc", ["demo"])
    check_tenant(client, ["puisi", "more"], "xyz")


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ((6, 2, 14), "49844"),
        ((6, 2, 20), ""),
        ((7, 0, 15), "49844"),
        ((7, 2, 4), "23479"),
        ((8, 6, 2), "23479"),
        ((8, 6, 3), ""),
    ],
)
def test_versions_with_known_faults(version: tuple[int, ...], told: str) -> None:
    said = _faults("redis", version)
    assert told in said and bool(said) == bool(told) and not _faults("valkey", version)
