"""A reader: what is said of many generations, from a cursor of its own in each log, on one connection.

Whoever reads pulls. While nobody calls read() nothing is held but cursors: the logs wait in the broker.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rantau.errors import ServingError
from rantau.serving.protocol import START, End, Entry, EntryId, Tokens
from rantau.serving.queue import (
    BrokerLost,
    Standing,
    connect_async,
    read_next,
    read_whole,
    standings,
)
from rantau.web.health.counts import count

Said = list[tuple[EntryId, Entry | None]]
WAIT_MS = 250
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0


class Holed(ServingError):
    """The broker has lost a part of a log. The finalizer has the prompt answered anew."""


@dataclass(frozen=True, slots=True)
class News:
    """Entries of one generation behind those that were read before, in order and without a gap.

    entries  None stands for one that only another version can read
    holed    the next one is lost: nothing more is read of this log
    """

    generation: str
    entries: tuple[tuple[EntryId, Entry | None], ...]
    holed: bool = False


class Reader:
    """One task uses it. url: of the broker; count: entries of one generation that are read at once"""

    def __init__(self, url: str, *, pool: str = "main", wait_ms: int = WAIT_MS, count: int = 256) -> None:
        self._url, self._pool, self._wait_ms, self._count = url, pool, wait_ms, count
        self._client: Any = None
        self._after: dict[str, EntryId] = {}
        self._fresh = False
        self._pause_s = 0.0

    @property
    def after(self) -> Mapping[str, EntryId]:
        """The generations that are followed, and the last entry that was read of each."""
        return self._after

    @property
    def lost(self) -> bool:
        """Whether the broker did not answer the last question."""
        return self._pause_s > 0

    def follow(self, generation: str, after: EntryId = START) -> None:
        """From now on its entries behind `after`, those that there are already and those that come."""
        self._after[generation], self._fresh = after, True

    def drop(self, generation: str) -> None:
        self._after.pop(generation, None)

    async def read(self) -> list[News]:
        """What is new; waits for it for wait_ms, and not at all for a generation that has just been followed.

        A generation whose end was read is dropped. Nothing while the broker is lost: the next call asks again from
        the same cursors, with a new connection.
        """
        if not self._after:
            await asyncio.sleep(self._wait_ms / 1000)
            return []
        wait_ms, self._fresh = None if self._fresh else self._wait_ms, False
        asked = dict(self._after)
        found = await self._asked(read_next, asked, wait_ms=wait_ms, count=self._count)
        return [
            self._taken(generation, said)
            for generation, said in (found or {}).items()
            if self._after.get(generation) == asked[generation]  # it may have been followed anew meanwhile
        ]

    def _taken(self, generation: str, said: Said) -> News:
        """Moves the cursor behind what was read."""
        entries, hole = until_hole(said, self._after[generation].seq)
        count("unreadable", n=sum(entry is None for _, entry in entries))
        if hole:
            count("holes")
        if entries:
            self._after[generation] = entries[-1][0]
        if hole or isinstance(entries[-1][1], End):
            self.drop(generation)
        return News(generation, tuple(entries), hole)

    async def standings(self) -> dict[str, Standing]:
        """How each followed generation stands, after everything that was read; empty while the broker is lost."""
        if not self._after:
            return {}
        found: dict[str, Standing] | None = await self._asked(standings, list(self._after), self._pool)
        return found or {}

    async def text(self, generation: str) -> str | None:
        """The whole answer; None if the broker is lost or the log gone. Raises   Holed"""
        found = await self._asked(read_whole, generation)
        if not found:
            return None
        entries, hole = until_hole(found, 0)
        if hole:
            raise Holed(f"the log of {generation} has lost what came after {len(entries)} entries.")
        return "".join(entry.text for _, entry in entries if isinstance(entry, Tokens))

    async def _asked(self, ask: Any, *what: Any, **how: Any) -> Any:
        """The answer; None if the broker does not answer: then the next question waits a moment and reconnects."""
        if self._pause_s:
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1))
        if self._client is None:
            self._client = connect_async(self._url)
        try:
            answer = await ask(self._client, *what, **how)
        except BrokerLost:
            self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            count("broker_lost")
            await self.aclose()
            return None
        self._pause_s = 0.0
        return answer

    async def aclose(self) -> None:
        """Closes the connection. It is not given to anybody else: an answer may still be on its way."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def until_hole(said: Said, seq: int) -> tuple[Said, bool]:
    """Entries behind number `seq` as they are kept and shown, up to the first that is missing; whether one is."""
    found: Said = []
    for id_, entry in said:
        seq += 1
        if id_.seq != seq:
            return found, True
        if isinstance(entry, Tokens) and "\x00" in entry.text:  # which no database keeps
            entry = replace(entry, text=entry.text.replace("\x00", "\ufffd"))  # noqa: PLW2901
        found.append((id_, entry))
    return found, False
