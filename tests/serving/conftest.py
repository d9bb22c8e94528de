"""A real broker for the room's tests: one server, emptied before each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from rantau.serving.broker import Broker, broker
from rantau.serving.queue import connect


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def client(server: Broker) -> Iterator[Any]:
    connected = connect(server.url)
    connected.flushall()
    yield connected
    connected.close()
