"""One answer by a server, on a thread of its own: asked again behind what was heard, where the line has broken."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rantau.serving.engines.openai.chunks import Chunk, events, read_chunk
from rantau.serving.engines.openai.connection import (
    AGAIN,
    Address,
    Broken,
    Denied,
    Limits,
    Stream,
    Untrusted,
)
from rantau.serving.protocol import Reason

log = logging.getLogger(__name__)
TRIES = 4
"""Requests in a row that brought nothing, before the answer is given up."""
FIRST_WAIT_S = 0.4
"""Before the second one; four times as long before each further one."""


@dataclass(frozen=True, slots=True)
class Over:
    """The answer is over. code: server_refused, server_lost, server_untrusted or
    cannot_continue"""

    reason: Reason
    code: str = ""


class Asking:
    """body: the request from where the answer stands now, or that it is over there; tell: gets each chunk and then
    the end, on this thread, and says whether the answer has grown"""

    def __init__(
        self, address: Address, path: str, body: Callable[[], dict[str, Any] | Over],
        tell: Callable[[Chunk | Over], bool], limits: Limits,
    ) -> None:  # fmt: skip
        self._address, self._path, self._body, self._tell, self._limits = address, path, body, tell, limits
        self._stopped = threading.Event()
        self._stream: Stream | None = None
        self._n_heard = 0

    def run(self) -> None:
        n_failed = 0
        while not self._stopped.is_set():
            heard, over = self._n_heard, self._try()
            if isinstance(over, Over):
                self._tell(over)
                return
            n_failed = n_failed + 1 if self._n_heard == heard else 1
            if n_failed == TRIES:
                log.warning("%s: %s", self._address.root, over)
                self._tell(Over("error", "server_lost"))
                return
            self._stopped.wait(FIRST_WAIT_S * 4 ** (n_failed - 1))

    def _try(self) -> Over | Exception:
        """One request. An exception says why it is worth another one."""
        body = self._body()
        if isinstance(body, Over):
            return body
        try:
            return Over(self._ask(body))
        except Denied as error:
            if error.status in AGAIN:
                return error
            log.warning("%s: %s", self._address.root, error)
            return Over("error", "server_refused")
        except Untrusted as error:
            log.error("%s", error)
            return Over("error", "server_untrusted")
        except (OSError, http.client.HTTPException, Broken) as error:
            return error

    def _ask(self, body: dict[str, Any]) -> Reason:
        """Raises   as Stream.lines, events and read_chunk"""
        self._stream, reason = Stream(self._address, self._limits), None
        try:
            if self._stopped.is_set():  # perhaps when there was nothing to hang up
                raise OSError("hung up")
            for event in events(self._stream.lines(self._path, body)):
                if (chunk := read_chunk(event)) is not None:
                    reason = reason or chunk.reason
                    self._n_heard += self._tell(chunk)
        except (OSError, http.client.HTTPException, Broken):
            if reason is None:
                raise
        finally:
            self._stream.close()
        if reason is None:
            raise Broken("the stream ended without a reason.")
        return reason

    def stop(self) -> None:
        """Wakes the thread, whatever it waits for; it still may tell one thing more."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.hang_up()
