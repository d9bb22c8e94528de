"""Bodies of requests: none is read beyond its limit, whatever length it says."""

from __future__ import annotations

import json
from typing import Any

LIMIT = 512 * 1024
LARGE = {"/api/talks/import": 8 * 2**20}
"""Addresses that take more."""
HEARD_OUT = 4 * 2**20
"""A sender of so much is heard out before it is refused: a browser that is cut off shows no answer."""


def limit_of(path: str) -> int:
    return LARGE.get(path, LIMIT)


def limited(app: Any) -> Any:
    """An ASGI application that answers 413 instead of reading on."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        limit = limit_of(scope["path"])
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not said.isdigit() or int(said) > limit:
            if said.isdigit() and int(said) <= HEARD_OUT:
                await _hear_out(receive)
            await _refuse(send, limit, scope["path"])
            return
        body = _Body(receive, limit)
        try:
            await app(scope, body.receive, body.watch(send))
        except _TooLarge:
            await _refuse(send, limit, scope["path"])

    return guarded


class _TooLarge(Exception):
    pass


class _Body:
    def __init__(self, receive: Any, limit: int) -> None:
        self._receive, self._left, self._answered = receive, limit, False

    async def receive(self) -> Any:
        told = await self._receive()
        if told["type"] == "http.request":
            self._left -= len(told.get("body", b""))
            if self._left < 0 and not self._answered:
                raise _TooLarge
        return told

    def watch(self, send: Any) -> Any:
        async def watched(message: Any) -> None:
            self._answered = True
            await send(message)

        return watched


async def _hear_out(receive: Any) -> None:
    heard, more = 0, True
    while more and heard <= HEARD_OUT:
        told = await receive()
        heard, more = heard + len(told.get("body", b"")), told.get("more_body", False)


async def _refuse(send: Any, limit: int, path: str) -> None:
    told: dict[str, Any] = {
        "code": "too_large",
        "message": f"This request is larger than {limit} bytes. Send less.",
    }
    if path.startswith("/v1/"):
        told |= {"type": "invalid_request_error", "param": None}  # as OpenAI's clients read it
    body = json.dumps({"error": told}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
               (b"connection", b"close")]  # fmt: skip
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
