"""A stream of lines over HTTP: from one address that never changes, within limits, ended at any moment."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rantau.errors import RequestError, ServingError

log = logging.getLogger(__name__)
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_REFUSAL = 64 * 1024
HERE = ("127.0.0.1", "::1", "localhost")
_KIND = re.compile(r"[A-Za-z][\w.-]{1,63}")


class Denied(ServingError):
    """The server is there and does not give what was asked. status: of HTTP"""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Untrusted(RequestError):
    """Whoever answers there cannot show that it is the server. No second try mends it."""


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
    """root: http or https, host and path up to /v1; key: of the server, sent to it alone; ca: file of the
    authority that signs for it, "" = those that the system trusts. Certificates are always verified."""

    root: str
    key: str = field(default="", repr=False)
    ca: str = ""

    @classmethod
    def of(cls, url: str, key: str = "", ca: str = "") -> Address:
        """url: with or without /v1. Raises   RequestError if it is no address of a server, or `ca` no such file"""
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
        if ca and (parts.scheme != "https" or not Path(ca).is_file()):
            raise RequestError(f"--option ca={ca}: takes the file of an authority (PEM), for a url with https.")
        if parts.scheme == "http" and parts.hostname not in HERE:
            log.warning("%s: prompts travel in clear text. Use https if others share the way.", parts.netloc)
        path = parts.path if parts.path.endswith("/v1") else f"{parts.path}/v1"
        made = cls(f"{parts.scheme}://{parts.netloc}{path}", key, ca)
        made.context()
        return made

    def context(self) -> ssl.SSLContext:
        """Raises   RequestError if the file of `ca` holds no certificate"""
        try:
            return ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise RequestError(f"--option ca={self.ca}: holds no certificate ({error}).") from error


USUAL = Limits()


class Stream:
    """One request and the lines of its answer. `hang_up`, from another thread, wakes the reader."""

    def __init__(self, address: Address, limits: Limits = USUAL) -> None:
        parts, self._limits = urlsplit(address.root), limits
        self._path, self._key = parts.path, address.key
        host, port, wait_s = str(parts.hostname), parts.port, limits.connect_s
        self._line = http.client.HTTPConnection(host, port, timeout=wait_s)
        if parts.scheme == "https":
            self._line = http.client.HTTPSConnection(host, port, timeout=wait_s, context=address.context())
        self._root = address.root
        self._socket: socket.socket | None = None
        self._hung_up = False

    def lines(self, path: str, body: Mapping[str, Any]) -> Iterator[bytes]:
        """Raises   Denied, also for a redirect; Broken; Untrusted; OSError, HTTPException if nobody is there"""
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        limits, n_bytes = self._limits, 0
        with self._within(limits.answer_s):
            answer = self._ask("POST", path, headers, json.dumps(dict(body)).encode())
            if not str(answer.headers.get_content_type()) == "text/event-stream":
                raise Broken(f"the server answers with {answer.headers.get_content_type()}, not with a stream.")
            while line := answer.readline(limits.line_bytes + 1):
                n_bytes += len(line)
                if len(line) > limits.line_bytes or n_bytes > limits.answer_bytes:
                    raise Broken(f"a line has more than {limits.line_bytes:,} bytes, or all of them too many.")
                yield line

    def whole(self, path: str, *, most_bytes: int, within_s: float) -> bytes:
        """An answer that is no stream. Raises   as `lines`"""
        with self._within(within_s):
            found: bytes = self._ask("GET", path, {"Accept": "application/json"}).read(most_bytes + 1)
        if len(found) > most_bytes:
            raise Broken(f"the answer has more than {most_bytes:,} bytes.")
        return found

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        if self._key:
            headers = {**headers, "Authorization": f"Bearer {self._key}"}
        try:
            self._line.connect()
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(
                f"{self._root}: its certificate is not trusted ({error.verify_message}). If an authority of your "
                "own has signed it, name its file: --option ca=FILE, or SSL_CERT_FILE."
            ) from error
        self._socket = self._line.sock  # a response may take it from the connection
        if self._hung_up:
            raise OSError("hung up")
        self._socket.settimeout(self._limits.silence_s)
        self._line.request(method, f"{self._path}/{path}", body, headers)
        answer = self._line.getresponse()
        if answer.status != http.client.OK:
            raise Denied(f"HTTP {answer.status}: {_kind(answer.read(LONGEST_REFUSAL))}", answer.status)
        return answer

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Hangs up on a server that takes longer, also on one that says a byte now and then. A socket that may
        wait as long can notice it first: that is told alike."""
        late, over = threading.Event(), time.monotonic() + seconds

        def cut() -> None:
            late.set()
            self.hang_up()

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or time.monotonic() >= over:
                raise Broken(f"the answer takes more than {seconds:.0f} s.") from error
            raise
        finally:
            timer.cancel()
        if late.is_set():
            raise Broken(f"the answer takes more than {seconds:.0f} s.")

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
