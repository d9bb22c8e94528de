"""Who may compute now: as many at once as there are places, the others in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A turn may be taken in one thread and given in another."""

    def __init__(self, places: int = 1) -> None:
        self._free = places
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, *, first: bool = False) -> None:
        """Waits for a turn.

        first  before all who wait: who has said nothing yet waits for one step of another at most
        """
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            called = threading.Event()
            (self._waiting.appendleft if first else self._waiting.append)(called)
        called.wait()

    def give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def pass_on(self) -> None:
        """Gives the turn to those who wait, and waits for the next."""
        with self._lock:
            if not self._waiting:
                return
        self.give()
        self.take()
