"""Limits of a socket: how many a person may open, and how fast it may speak."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

FRAME_BYTES = 65_536
FRAMES_PER_S = 20
SOCKETS_EACH = 8
FOLLOWED_EACH = 64


@dataclass(slots=True)
class Places:
    """Sockets that are open in this process, by person; with several web processes each one counts its own."""

    most: int = SOCKETS_EACH
    _taken: Counter[object] = field(default_factory=Counter)

    def is_full(self, person: object) -> bool:
        return self._taken[person] >= self.most

    def take(self, person: object) -> bool:
        """Whether there was one left."""
        if self.is_full(person):
            return False
        self._taken[person] += 1
        return True

    def leave(self, person: object) -> None:
        self._taken[person] -= 1
        if self._taken[person] <= 0:
            del self._taken[person]

    @property
    def all(self) -> int:
        return sum(self._taken.values())


@dataclass(slots=True)
class Pace:
    """per_s frames a second, and so many at once after a silence."""

    per_s: float = FRAMES_PER_S
    clock: Callable[[], float] = time.monotonic
    _left: float = FRAMES_PER_S
    _at: float = float("-inf")

    def allows(self) -> bool:
        now = self.clock()
        self._left = min(self.per_s, self._left + (now - self._at) * self.per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
