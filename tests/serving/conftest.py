"""A real broker for the room's tests: one server, emptied before each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from rantau.serving.broker import Broker, broker
from rantau.serving.queue import connect
from tests.waiting import PATIENCE_S


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def client(server: Broker) -> Iterator[Any]:
    """It never asks twice: a job whose claim was answered too late is given to nobody for a while."""
    connected = connect(server.url, timeout_s=PATIENCE_S)
    connected.flushall()
    yield connected
    connected.close()
