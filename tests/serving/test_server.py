"""What is told of a server before it is trusted."""

from typing import Any

import pytest

from rantau.serving.queue import warnings_of
from rantau.serving.queue.server import _faults


def test_our_own_broker_has_no_warnings(client: Any) -> None:
    assert warnings_of(client) == []


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
    ("version", "told"),
    [
        ((6, 2, 14), "49844"),
        ((6, 2, 20), ""),
        ((7, 0, 15), ""),
        ((7, 2, 4), "23479"),
        ((8, 6, 2), "23479"),
        ((8, 6, 3), ""),
    ],
)
def test_versions_with_known_faults(version: tuple[int, ...], told: str) -> None:
    said = _faults("redis", version)
    assert told in said and bool(said) == bool(told) and not _faults("valkey", version)
