"""Prompts that no worker will take: after a while they end, so that nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rantau.serving.protocol import End
from rantau.serving.queue import Claims, Presence

PATIENCE_S = 120.0


@dataclass
class Deserted:
    """claims: of nobody else; patience_s: without any worker, not even one that loads its model"""

    claims: Claims
    patience_s: float = PATIENCE_S
    clock: Callable[[], float] = time.monotonic
    _since: float | None = None

    def clear(self) -> int:
        """Ends what waits once there has been no worker for too long; returns how many.

        It takes the prompts as a worker would, so that their readers see the end in the log.
        """
        if any(said.get("pool", self.claims.pool) == self.claims.pool for said in self._workers()):
            self._since = None
            return 0
        self._since = self.clock() if self._since is None else self._since
        if self.clock() - self._since < self.patience_s:
            return 0
        self.claims.prepare()
        held = self.claims.claim(64)
        for one in held:
            self.claims.finish(one, one.first, End("error", "failed", None, "no_worker"))
        return len(held)

    def _workers(self) -> list[dict[str, str]]:
        return list(Presence(self.claims.client).all().values())
