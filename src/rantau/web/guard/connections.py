"""Connections: who says nothing, or says it too slowly, is hung up on, so that there is room for others."""

from __future__ import annotations

import resource
import socket
from asyncio import AbstractEventLoop, Protocol, TimerHandle, Transport
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

OPEN_FILES = 65_536


@dataclass(frozen=True, slots=True)
class Patience:
    """head_s: for the head of a request, from the connection's first moment or the head's first byte; body_s: for
    its body; between_s: between two requests, longer than proxies keep a connection (60 s); unread_ms: for what is
    sent and not taken; head_bytes: of one head; n_waiting: connections without a whole request, beyond which the
    one that has waited longest makes room, if that is young_s: people who all come back at once are no strangers;
    n_most: beyond which it makes room in any case"""

    head_s: float = 10.0
    body_s: float = 120.0
    between_s: float = 75.0
    unread_ms: int = 60_000
    head_bytes: int = 32 * 1024
    n_waiting: int = 512
    young_s: float = 1.0
    n_most: int = 4096


class Patient(Protocol):
    """For a protocol of uvicorn, which by itself waits for ever. One thread has all connections."""

    patience: ClassVar[Patience] = Patience()
    waiting: ClassVar[dict[Patient, float]] = {}
    """Those without a whole request, the oldest first, and since when."""

    transport: Transport
    loop: AbstractEventLoop
    cycle: Any

    _timer: TimerHandle | None = None
    _n_head = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _cut_unread(transport, self.patience.unread_ms)
        self._wait(self.patience.head_s)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self not in self.waiting:
            return
        if self._is_asked():
            self._settle()
        elif self._has_head():
            self._again(self.patience.body_s if self._n_head >= 0 else None)
            self._n_head = -1
        else:
            self._again(self.patience.head_s if not self._n_head else None)
            self._n_head += len(data)
            if self._n_head > self.patience.head_bytes:
                self._hang_up()

    def on_response_complete(self) -> None:
        super().on_response_complete()  # type: ignore[misc]
        if not self.transport.is_closing() and not self._is_asked():
            self._wait(self.patience.between_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def _has_head(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_asked(self) -> bool:
        """Whether the request is whole, or the connection has become a WebSocket."""
        return self.transport.get_protocol() is not self or (self._has_head() and not self.cycle.more_body)

    def _wait(self, seconds: float) -> None:
        self._settle()
        now, n = self.loop.time(), len(self.waiting) + 1
        self._n_head, self.waiting[self] = 0, now
        self._again(seconds)
        oldest, since = next(iter(self.waiting.items()))
        if n > self.patience.n_most or (n > self.patience.n_waiting and now - since > self.patience.young_s):
            oldest._hang_up()

    def _again(self, seconds: float | None) -> None:
        if seconds is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_later(seconds, self._hang_up)

    def _settle(self) -> None:
        self.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    def _hang_up(self) -> None:
        self._settle()
        self.transport.abort()  # closing would wait until what was sent is read


class PatientProtocol(Patient, AutoHTTPProtocol):
    """The one of those that are installed which uvicorn would take."""


def _cut_unread(transport: Transport, unread_ms: int) -> None:
    line: Any = transport.get_extra_info("socket")
    if line is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_ms)


def most_connections() -> int:
    """Requests at once, beyond which others are told to come again: two open files each, of what the system
    allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return max(64, min(4096, (OPEN_FILES if soft == resource.RLIM_INFINITY else soft) * 2 // 5))
