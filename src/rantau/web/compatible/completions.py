"""An answer for a program, whole or in chunks. Who hangs up stops it, unless it can be asked for again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from rantau.serving.protocol import FINAL, End, Tokens
from rantau.web.compatible.errors import Refusal, body, failed
from rantau.web.compatible.shapes import FINISH, Completion, Outcome, data
from rantau.web.delivery.follower import Follower, Gone, Said, Told
from rantau.web.delivery.lookups import look_up
from rantau.web.delivery.reader import Reader
from rantau.web.delivery.rows import final_of
from rantau.web.records.models import Generation
from rantau.web.site import current
from rantau.web.talks.stopping import stop

PING_S = 10.0
UNHEARD_S = 20.0
"""A stream that nobody has begun to take by then belongs to a connection that broke before its first byte."""
_watches: set[asyncio.Task[None]] = set()


class Hearing:
    """Hears one answer to its end. kept: it goes on when nobody listens any more"""

    def __init__(self, generation: Generation, *, kept: bool) -> None:
        site = current()
        self._name, self._owner, self._kept = str(generation.id), generation.owner, kept
        self._follower = Follower(Reader(site.broker, pool=site.pool), final_of(self._owner))
        self._follower.follow(self._name)
        self.text, self._n_said, self.begun = "", 0, False
        self.outcome: Outcome | None = None

    def stop_unless_heard(self) -> None:
        """Nobody closes a stream that never began: this does, after a while."""
        watch = asyncio.create_task(self._watch())
        _watches.add(watch)
        watch.add_done_callback(_watches.discard)

    async def _watch(self) -> None:
        await asyncio.sleep(UNHEARD_S)
        if not self.begun:
            await self.close()

    async def pieces(self) -> AsyncIterator[str]:
        """Texts as they come, "" when nothing came for a while; `outcome` is there afterwards.

        Raises   Refusal if the answer failed
        """
        spoke = time.monotonic()
        while self.outcome is None:
            for told in await self._follower.next():
                piece = self._heard(told)
                if piece:
                    spoke = time.monotonic()
                    yield piece
            if time.monotonic() - spoke >= PING_S:
                spoke = time.monotonic()
                yield ""

    async def close(self) -> None:
        """Stops the answer if it has not ended and is not kept."""
        await self._follower.reader.aclose()
        if self.outcome is None and not self._kept:
            await look_up(stop, self._owner, UUID(self._name))

    def _heard(self, told: Told) -> str:
        piece = ""
        if isinstance(told, Said):
            for _, entry in told.entries:
                if isinstance(entry, Tokens):
                    piece += entry.text
                    self._n_said += entry.n_tokens
                elif isinstance(entry, End):
                    self._end(entry.state, entry.reason, entry.code, entry.prompt_tokens, self._n_said)
        elif isinstance(told, Gone):
            piece = self._went(told)
        self.text += piece
        return piece

    def _end(self, state: str, reason: Any, code: str, n_prompt: int | None, n_said: int | None) -> None:
        self.outcome = Outcome(reason or "eos", n_prompt or 0, n_said or 0)
        if state == "failed":
            raise failed(code)

    def _went(self, told: Gone) -> str:
        """The log is gone: what the database has, if it goes on from what was told."""
        final = told.final or {}
        if final.get("state") in FINAL:
            text = str(final.get("text", ""))
            self._end(final["state"], final.get("reason"), final.get("code", ""), final.get("prompt_tokens"),
                      final.get("completion_tokens"))  # fmt: skip
            if text.startswith(self.text):
                return text[len(self.text) :]
        elif final.get("generation") and not self.text:
            self._name = str(final["generation"])  # the broker lost it before it said anything: it is asked anew
            self._follower.follow(self._name)
            return ""
        raise Refusal(500, "broker_lost", "The queue lost this answer while it was told. Send the request again.")


async def whole(generation: Generation, *, kept: bool) -> dict[str, Any]:
    """Raises   Refusal"""
    hearing = Hearing(generation, kept=kept)
    try:
        async for _ in hearing.pieces():
            pass
    finally:
        await hearing.close()
    assert hearing.outcome is not None
    return Completion.of(generation).whole(hearing.text, hearing.outcome)


def chunks(generation: Generation, *, kept: bool, usage: bool) -> AsyncIterator[str]:
    """Server-sent events. What goes wrong on the way is told as an event too, since the status was 200."""
    hearing = Hearing(generation, kept=kept)
    hearing.stop_unless_heard()
    return _chunks(Completion.of(generation), hearing, usage)


async def _chunks(completion: Completion, hearing: Hearing, usage: bool) -> AsyncIterator[str]:
    hearing.begun = True
    try:
        yield completion.chunk({"role": "assistant", "content": ""}, usage=usage)
        async for piece in hearing.pieces():
            yield completion.chunk({"content": piece}, usage=usage) if piece else ": waiting\n\n"
    except Refusal as error:
        yield data(body(error))
        return
    finally:
        await hearing.close()
    assert hearing.outcome is not None
    yield completion.chunk({}, finish=FINISH[hearing.outcome.reason], usage=usage)
    if usage:
        yield completion.usage_chunk(hearing.outcome)
    yield "data: [DONE]\n\n"
