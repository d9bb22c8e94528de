"""Standings: how generations that have nothing new to say are getting on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rantau.serving.protocol import START, EntryId
from rantau.serving.queue import keys
from rantau.serving.queue.connection import script, told_as_lost


@dataclass(frozen=True, slots=True)
class Standing:
    """state  None if the broker does not know the generation: not yet, or no more
    last   id of the last entry of its log; START if there is none
    ahead  prompts before it that no worker has taken, from 0; None if it does not wait
    """

    state: str | None
    last: EntryId = START
    ahead: int | None = None


async def standings(client: Any, generations: Sequence[str], pool: str = "main") -> dict[str, Standing]:
    """How each of them stands, all at one moment.

    client   of connect_async(), not reading now
    Raises   BrokerLost
    """
    names = [keys.jobs(pool), *(key for g in generations for key in (keys.facts(g), keys.log(g)))]
    with told_as_lost():
        told = await client.register_script(script("stand"))(keys=names, args=[keys.WORKERS])
    return {
        generation: Standing(state or None, EntryId.of(last), ahead if ahead >= 0 else None)
        for generation, (state, last, ahead) in zip(generations, told, strict=True)
    }
