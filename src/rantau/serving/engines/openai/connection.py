"""A stream of lines over HTTP: from one address that never changes, within limits, ended at any moment."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rantau.errors import RequestError, ServingError

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_REFUSAL = 64 * 1024
_KIND = re.compile(r"[A-Za-z][\w.-]{1,63}")


class Denied(ServingError):
    """The server is there and does not give what was asked. status: of HTTP"""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Broken(ServingError):
    """The stream is not what it should be, or ended before its end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """connect_s: to be let in; silence_s: between two lines, of which the first waits for the prompt to be read;
    answer_s, answer_bytes: of the whole; line_bytes: of one line"""

    connect_s: float = 10.0
    silence_s: float = 120.0
    answer_s: float = 1800.0
    answer_bytes: int = 64 << 20
    line_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """root: http or https, host and path up to /v1; key: of the server, sent to it alone"""

    root: str
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str, key: str = "") -> Address:
        """url: with or without /v1. Raises   RequestError if it is no address of a server"""
        try:
            parts = urlsplit(url.rstrip("/"))
            fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            fine = False
        if not fine or parts.username or parts.password or parts.query or parts.fragment:
            raise RequestError(
                "--option url: takes the root of a server, such as http://127.0.0.1:8000, without name, password "
                "or query. Its key belongs into the environment variable RANTAU_SERVER_KEY."
            )
        path = parts.path if parts.path.endswith("/v1") else f"{parts.path}/v1"
        return cls(f"{parts.scheme}://{parts.netloc}{path}", key)


USUAL = Limits()


class Stream:
    """One request and the lines of its answer. `hang_up`, from another thread, wakes the reader."""

    def __init__(self, address: Address, limits: Limits = USUAL) -> None:
        parts, self._limits = urlsplit(address.root), limits
        self._path, self._key = parts.path, address.key
        host, port, wait_s = str(parts.hostname), parts.port, limits.connect_s
        self._line = http.client.HTTPConnection(host, port, timeout=wait_s)
        if parts.scheme == "https":
            self._line = http.client.HTTPSConnection(
                host, port, timeout=wait_s, context=ssl.create_default_context()
            )
        self._socket: socket.socket | None = None
        self._hung_up = False

    def lines(self, path: str, body: Mapping[str, Any]) -> Iterator[bytes]:
        """Raises   Denied, also for a redirect; Broken; OSError, HTTPException if the server is not there"""
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._line.connect()
        self._socket = self._line.sock  # a response may take it from the connection
        if self._hung_up:
            raise OSError("hung up")
        self._socket.settimeout(self._limits.silence_s)
        self._line.request("POST", f"{self._path}/{path}", json.dumps(dict(body)).encode(), headers)
        answer = self._line.getresponse()
        if answer.status != http.client.OK:
            raise Denied(f"HTTP {answer.status}: {_kind(answer.read(LONGEST_REFUSAL))}", answer.status)
        if not str(answer.headers.get_content_type()) == "text/event-stream":
            raise Broken(f"the server answers with {answer.headers.get_content_type()}, not with a stream.")
        until, n_bytes, limits = time.monotonic() + self._limits.answer_s, 0, self._limits
        while line := answer.readline(limits.line_bytes + 1):
            n_bytes += len(line)
            if len(line) > limits.line_bytes or n_bytes > limits.answer_bytes:
                raise Broken(f"a line has more than {limits.line_bytes:,} bytes, or all of them too many.")
            if time.monotonic() > until:
                raise Broken(f"the answer takes more than {limits.answer_s:.0f} s.")
            yield line

    def hang_up(self) -> None:
        self._hung_up = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """For the thread that reads."""
        self._line.close()


def kind_of(answer: Any) -> str:
    """The type or code of a server's error; not its words, which often quote the prompt."""
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    told = [error.get(name) for name in ("type", "code")] if isinstance(error, dict) else [error]
    return next(
        (word for word in told if isinstance(word, str) and _KIND.fullmatch(word)), "no kind of error told"
    )


def _kind(body: bytes) -> str:
    with suppress(ValueError, RecursionError):
        return kind_of(json.loads(body))
    return "an answer that is no JSON"
