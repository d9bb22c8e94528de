"""Presence: what each living worker says of itself. Who says nothing for 10 s is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost

ALIVE_S = 10
SCANNED = 1000  # keys of the broker in one trip: it holds a day of messages


@dataclass(frozen=True, slots=True)
class Presence:
    client: Any

    def say(self, worker: str, facts: Mapping[str, str | int | float]) -> None:
        """facts: pool, state (loading, ready, draining), models, slots, running, ...; the last word counts."""
        with told_as_lost(), self.client.pipeline(transaction=True) as pipe:
            pipe.hset(keys.worker(worker), mapping=dict(facts))
            pipe.expire(keys.worker(worker), ALIVE_S)
            pipe.execute()

    def leave(self, worker: str) -> None:
        with told_as_lost():
            self.client.delete(keys.worker(worker))

    def all(self) -> dict[str, dict[str, str]]:
        """Living workers by name."""
        with told_as_lost():
            names = sorted(self.client.scan_iter(keys.worker("*"), count=SCANNED))
            facts = {name.removeprefix(keys.worker("")): self.client.hgetall(name) for name in names}
        return {name: said for name, said in facts.items() if said}
