"""Admission: who may ask, and how a prompt that nobody wants any more is taken back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

from rantau.serving.protocol import Job
from rantau.serving.queue import keys
from rantau.serving.queue.connection import run_script, told_as_lost

Verdict = Literal["accepted", "known", "full", "too_many"]


@dataclass(frozen=True, slots=True)
class Limits:
    """jobs: prompts of a pool that have not ended; each_owner: of one of its owners; patience_s: after so long an
    owner's place is free again, whatever became of the prompt; remembered_s: how long a message is recognised"""

    jobs: int = 64
    each_owner: int = 2
    patience_s: int = 1800
    remembered_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Admission:
    """Accepts prompts into a pool. client: of connect()"""

    client: Any
    pool: str = "main"
    limits: Limits = Limits()

    def admit(self, job: Job, *, message: str) -> tuple[Verdict, str | None]:
        """One step: recognise, limit, queue.

        message  the client's name for its message: sent twice, it is answered once
        Returns  the verdict, and the generation that answers; None where it was refused
        """
        now = int(time.time() * 1000)
        limits = self.limits
        told = run_script(
            self.client, "admit",
            [keys.jobs(self.pool), keys.facts(job.generation), keys.idempotency(job.owner, message),
             keys.inflight(job.owner)],
            [job.generation, job.owner, job.to_json(), now, now + 1000 * limits.patience_s, limits.jobs,
             limits.each_owner, limits.remembered_s],
        )  # fmt: skip
        return told[0], told[1] if len(told) > 1 else None

    def cancel(self, generation: str, owner: str) -> str:
        """Asks for the end. Returns the state after it: stopped, stopping, or the one that it ended in; "gone" if
        the broker does not know it."""
        state: str = run_script(
            self.client, "cancel", keys_of(self.pool, generation, owner), [generation, keys.WORKERS]
        )
        return state

    def state(self, generation: str) -> str | None:
        """None if the broker does not know it. Raises   BrokerLost"""
        with told_as_lost():
            found: str | None = self.client.hget(keys.facts(generation), "state")
        return found

    def position(self, generation: str) -> int | None:
        """Prompts before this one that no worker has taken, from 0; None if it does not wait."""
        stream = keys.jobs(self.pool)
        state, job = self.client.hmget(keys.facts(generation), "state", "job")
        if state != "queued" or job is None:
            return None
        groups = self.client.xinfo_groups(stream)
        taken = next((g["last-delivered-id"] for g in groups if g["name"] == keys.WORKERS), "0-0")
        return len(self.client.xrange(stream, f"({taken}", f"({job}"))


def keys_of(pool: str, generation: str, owner: str) -> list[str]:
    """The keys that ending a generation touches, in the order of the scripts."""
    return [
        keys.jobs(pool), keys.facts(generation), keys.log(generation), keys.done(), keys.inflight(owner)
    ]  # fmt: skip
