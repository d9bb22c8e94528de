"""A worker that is played: it takes prompts from the real queue and says what a test tells it to."""

from __future__ import annotations

from typing import Any

from rantau.serving.protocol import End, EntryId, Job, Reason, Tokens
from rantau.serving.queue import Claims, Held
from rantau.serving.worker import STATE_OF
from tests.waiting import until


class Player:
    """client: of the broker. Tokens are numbered from 1 within an answer."""

    def __init__(self, client: Any, name: str = "played") -> None:
        self.client = client
        self._claims = Claims(client, name, idle_ms=60_000)
        self._claims.prepare()
        self._held: dict[str, Held] = {}
        self._seq: dict[str, int] = {}
        self._n_tokens: dict[str, int] = {}

    def take(self) -> list[Job]:
        """All prompts that wait, begun."""
        self._claims.prepare()
        found = self._claims.claim(64)
        for held in found:
            self._held[held.job.generation] = held
            self._seq[held.job.generation] = held.first.seq
        return [held.job for held in found]

    def job(self, generation: str) -> Job:
        return self._of(generation).job

    def say(self, generation: str, *texts: str) -> None:
        """One token each."""
        for text in texts:
            self._n_tokens[generation] = self._n_tokens.get(generation, 0) + 1
            self.piece(generation, Tokens(text, (self._n_tokens[generation],)))

    def piece(self, generation: str, piece: Tokens) -> None:
        held = self._of(generation)
        assert self._claims.write([(held, self._next(held), piece)]) in (["running"], ["stopping"])

    def end(self, generation: str, reason: Reason = "eos", *, code: str = "", last: End | None = None) -> None:
        held = self._of(generation)
        end = last or End(reason, STATE_OF[reason], 7, code)
        assert self._claims.finish(held, self._next(held), end)

    def _of(self, generation: str) -> Held:
        """The process that keeps a prompt brings it to the broker a moment later."""
        while generation not in self._held:
            until(self.take, f"the prompt of {generation}")
        return self._held[generation]

    def _next(self, held: Held) -> EntryId:
        name = held.job.generation
        seq, self._seq[name] = self._seq[name], self._seq[name] + 1
        return EntryId(held.attempt, seq)
