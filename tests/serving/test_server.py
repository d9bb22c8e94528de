"""What is told of a server before it is trusted."""

from pathlib import Path
from typing import Any

import pytest

from rantau.errors import ServingError
from rantau.serving.broker import Broker
from rantau.serving.queue import connect, connect_async, warnings_of
from rantau.serving.queue.server import _faults, _open


def test_our_own_broker_has_no_warnings(client: Any) -> None:
    assert warnings_of(client) == []


def test_our_own_broker_is_reached_by_us_alone(server: Broker, client: Any) -> None:
    socket = Path(server.url.removeprefix("unix://"))
    assert socket.is_socket() and socket.stat().st_mode & 0o077 == 0
    assert client.config_get("port") == {"port": "0"}


@pytest.mark.parametrize(("name", "value"), [("maxmemory-policy", "allkeys-lru"), ("appendonly", "no")])
def test_a_broker_that_may_forget_is_told(client: Any, name: str, value: str) -> None:
    before = client.config_get(name)[name]
    client.config_set(name, value)
    try:
        (said,) = warnings_of(client)
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
        with pytest.raises(ServingError, match="no address of a broker") as said:
            make(url)
        assert "secret" not in str(said.value)


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
