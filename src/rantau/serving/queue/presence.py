"""Presence: what each living worker says of itself. Who says nothing for 10 s is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rantau.serving.queue import keys
from rantau.serving.queue.connection import run_script, told_as_lost

ALIVE_S = 10


@dataclass(frozen=True, slots=True)
class Presence:
    client: Any

    def say(self, worker: str, facts: Mapping[str, str | int | float]) -> None:
        """facts: pool, state (loading, ready, draining), models, slots, running, ...; the last word counts."""
        fields = [part for fact in facts.items() for part in fact]
        run_script(self.client, "say", [keys.workers(), keys.worker(worker)], [worker, ALIVE_S, *fields])

    def leave(self, worker: str) -> None:
        with told_as_lost(), self.client.pipeline(transaction=True) as pipe:
            pipe.delete(keys.worker(worker))
            pipe.zrem(keys.workers(), worker)
            pipe.execute()

    def all(self, pool: str = "") -> dict[str, dict[str, str]]:
        """Living workers by name, of one pool or of all."""
        with told_as_lost(), self.client.pipeline(transaction=False) as pipe:
            names = sorted(self.client.zrange(keys.workers(), 0, -1))
            for name in names:
                pipe.hgetall(keys.worker(name))
            found = {name: said for name, said in zip(names, pipe.execute(), strict=True) if said}
        return {name: said for name, said in found.items() if pool in ("", said.get("pool"))}
