"""What a viewer is told of the generations that he follows: what is said, how silent ones stand, what is gone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rantau.errors import ServingError
from rantau.serving.protocol import FINAL, START, End, Entry, EntryId
from rantau.serving.queue import Standing
from rantau.web.delivery.reader import Holed, News, Reader
from rantau.web.health.counts import count

LOOK_S, SILENCE_S = 2.0, 15.0


@dataclass(frozen=True, slots=True)
class Whole:
    """By these a viewer knows that he has all of it. n_chars: code points; sha256: of the text in UTF-8"""

    n_chars: int
    sha256: str

    @classmethod
    def of(cls, text: str) -> Whole:
        return cls(len(text), hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Said:
    """entries: as in News; whole: with the end, if the log could still be read"""

    generation: str
    entries: tuple[tuple[EntryId, Entry | None], ...]
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class Stands:
    """ahead: prompts before it, from 0; None if it does not wait"""

    generation: str
    state: str
    ahead: int | None


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing more comes from its log. final: its message as the database has it; None if nobody knows: the viewer
    begins again"""

    generation: str
    final: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Lost:
    """The broker does not answer. What is said meanwhile is told afterwards."""


class Missing(ServingError):
    """The database does not know the generation, or not for this viewer."""


Told = Said | Stands | Gone | Lost
FinalOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""The message of a generation that has ended, or that another one answers now; None before. Raises Missing"""


class Follower:
    """final_of: asks the database, for this viewer only"""

    def __init__(self, reader: Reader, final_of: FinalOf, *, look_s: float = LOOK_S) -> None:
        self.reader, self._final_of, self._look_s = reader, final_of, look_s
        self._looked: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._states: dict[str, str] = {}
        self._holed: set[str] = set()
        self._lost = False

    @property
    def followed(self) -> set[str]:
        return {*self.reader.after, *self._holed}

    def follow(self, generation: str, after: EntryId = START) -> None:
        self.drop(generation)
        self.reader.follow(generation, after)
        self._looked[generation] = self._heard[generation] = float("-inf")

    def drop(self, generation: str) -> None:
        self.reader.drop(generation)
        self._holed.discard(generation)
        for kept in (self._looked, self._heard, self._states):
            kept.pop(generation, None)

    async def next(self) -> list[Told]:
        """What there is to tell, often nothing; returns within the reader's wait while the broker answers."""
        told: list[Told] = [await self._said(news) for news in await self.reader.read()]
        if self.reader.lost:
            first, self._lost = not self._lost, True
            return told + ([Lost()] if first else [])
        self._lost = False
        now = time.monotonic()
        silent = [g for g in self.followed if now - self._looked.get(g, 0) >= self._look_s]
        return told + (await self._look(silent, now) if silent else [])

    async def _said(self, news: News) -> Said:
        name, entries = news.generation, news.entries
        self._looked[name] = self._heard[name] = time.monotonic()
        if news.holed:
            self._holed.add(name)
            return Said(name, entries)
        if not isinstance(entries[-1][1], End):
            return Said(name, entries)
        self.drop(name)
        try:
            text = await self.reader.text(name)
        except Holed:
            self._hold(name)
            return Said(name, entries[:-1])
        return Said(name, entries, None if text is None else Whole.of(text))

    def _hold(self, name: str) -> None:
        """Its end is not told: the answer is not whole, and will be written anew."""
        if name not in self.reader.after:
            self._holed.add(name)
            self._looked[name] = self._heard[name] = time.monotonic()

    async def _look(self, silent: list[str], now: float) -> list[Told]:
        told: list[Told] = []
        stand = await self.reader.standings()
        for name in silent:
            self._looked[name] = now
            if name in self._holed:
                told += await self._awaited(name, now)
            elif name in stand and name in self.reader.after:
                told += await self._judged(name, stand[name], now)
        return told

    async def _awaited(self, name: str, now: float) -> list[Told]:
        final, missing = await self._final(name)
        if name not in self._holed:
            return []  # it was followed anew meanwhile
        if final is None and not missing:
            return self._stands(Stands(name, "running", None), now)
        return [self._gone(name, final)]

    async def _judged(self, name: str, standing: Standing, now: float) -> list[Told]:
        read = self.reader.after[name]
        behind = standing.last < read
        if standing.state is None or behind or (standing.state in FINAL and standing.last == read):
            final, missing = await self._final(name)
            if self.reader.after.get(name) != read:
                return []  # it was followed anew meanwhile
            if final is not None or missing or (behind and standing.state is not None):
                return [self._gone(name, final)]
        return self._stands(Stands(name, standing.state or "queued", standing.ahead), now)

    def _gone(self, name: str, final: Mapping[str, Any] | None) -> Gone:
        count("gone" if final is not None else "unknown_cursor")
        self.drop(name)
        return Gone(name, final)

    async def _final(self, name: str) -> tuple[Mapping[str, Any] | None, bool]:
        """The message if it is known, and whether nobody knows of it."""
        try:
            return await self._final_of(name), False
        except Missing:
            return None, True

    def _stands(self, told: Stands, now: float) -> list[Told]:
        """It is told when it has changed, while it waits, and when there was silence for long."""
        changed = self._states.get(told.generation) != told.state
        if not changed and told.state != "queued" and now - self._heard[told.generation] < SILENCE_S:
            return []
        self._heard[told.generation], self._states[told.generation] = now, told.state
        return [told]
