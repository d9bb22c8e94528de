"""Finals: ended generations on their way into the database. None is forgotten before it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost
from rantau.serving.queue.groups import Consumer

KEPT_S = 900


@dataclass(frozen=True, slots=True)
class Ended:
    """entry: id of the note; state: done, stopped or failed"""

    entry: str
    generation: str
    state: str


@dataclass(frozen=True, slots=True)
class Finals:
    """One finalizer. idle_ms: a note that another one took and did not keep is taken over after so long"""

    client: Any
    name: str
    idle_ms: int = 10_000

    def prepare(self) -> None:
        """Before the first take: what ended earlier is not lost."""
        self._consumer.prepare()

    def take(self, count: int = 64, *, wait_ms: int | None = None) -> list[Ended]:
        taken = self._consumer.take(count, wait_ms=wait_ms)
        return [Ended(entry, fields["gen"], fields["state"]) for entry, fields in taken]

    @property
    def _consumer(self) -> Consumer:
        return Consumer(self.client, keys.done(), keys.FINALIZERS, self.name, self.idle_ms)

    def waiting(self) -> int:
        """How many notes nobody has settled yet. Raises   BrokerLost"""
        with told_as_lost():
            return int(self.client.xlen(keys.done()))

    def persisted(self, ended: Ended) -> None:
        """The database has it: the note goes, the log stays for readers that are still at it."""
        with told_as_lost(), self.client.pipeline(transaction=True) as pipe:
            pipe.xack(keys.done(), keys.FINALIZERS, ended.entry)
            pipe.xdel(keys.done(), ended.entry)
            pipe.expire(keys.log(ended.generation), KEPT_S)
            pipe.expire(keys.facts(ended.generation), KEPT_S)
            pipe.execute()
