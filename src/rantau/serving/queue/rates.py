"""Rates: how often somebody did something lately, counted once for all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost


@dataclass(frozen=True, slots=True)
class Rates:
    client: Any

    def wait_s(self, name: str, limit: int, *, window_s: int = 60) -> int:
        """Counts one time more. Returns 0 if it is within the limit, else seconds until the window is over.

        Raises   BrokerLost
        """
        with told_as_lost(), self.client.pipeline(transaction=True) as pipe:
            pipe.set(keys.rate(name), 0, ex=window_s, nx=True)
            pipe.incr(keys.rate(name))
            pipe.ttl(keys.rate(name))
            _, n, left_s = pipe.execute()
        return max(left_s, 1) if n > limit else 0

    def count(self, name: str) -> int:
        """Times in this window, without counting one more. Raises   BrokerLost"""
        with told_as_lost():
            return int(self.client.get(keys.rate(name)) or 0)

    def forget(self, name: str) -> None:
        with told_as_lost():
            self.client.delete(keys.rate(name))
