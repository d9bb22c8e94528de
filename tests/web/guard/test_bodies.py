"""Bodies are read up to their limit, whatever they say of themselves."""

import asyncio
from typing import Any

import pytest

from rantau.web.guard.bodies import HEARD_OUT, LIMIT, limited


async def swallow(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, then answers with its size."""
    size = 0
    while True:
        told = await receive()
        size += len(told.get("body", b""))
        if not told.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def answer(chunks: list[bytes], said: bytes | None, path: str = "/api/talks") -> tuple[int, int]:
    """Status, and how many chunks were read."""
    left, sent = list(chunks), []

    async def receive() -> Any:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if said is None else [(b"content-length", said)]
    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(limited(swallow)(scope, receive, send))
    return sent[0]["status"], len(chunks) - len(left)


def test_a_body_within_the_limit() -> None:
    assert answer([b"a" * LIMIT], str(LIMIT).encode()) == (200, 1)


def test_a_body_that_is_little_too_large_is_heard_out() -> None:
    assert answer([b"a" * LIMIT, b"a"], str(LIMIT + 1).encode()) == (413, 2)


@pytest.mark.parametrize("said", [str(HEARD_OUT + 1).encode(), b"-1", b"x", b"9" * 100])
def test_a_length_that_is_too_large_or_none_is_not_read(said: bytes) -> None:
    assert answer([b"a"], said) == (413, 0)


@pytest.mark.parametrize("said", [None, b"10"])
def test_a_body_that_hides_its_length_is_read_no_further(said: bytes | None) -> None:
    chunk = b"a" * 2**16
    assert answer([chunk] * 1000, said) == (413, LIMIT // 2**16 + 1)


def test_some_addresses_take_more() -> None:
    assert answer([b"a" * (LIMIT + 1)], None, "/api/talks/import")[0] == 200
