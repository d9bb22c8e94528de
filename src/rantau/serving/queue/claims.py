"""Claims: a worker's side of the queue. It keeps its jobs by beating; a worker that stays silent loses them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rantau.errors import ServingError
from rantau.serving.protocol import End, Entry, EntryId, Job, to_fields
from rantau.serving.queue import keys
from rantau.serving.queue.admission import keys_of
from rantau.serving.queue.connection import BrokerLost, run_script, script, told_as_lost
from rantau.serving.queue.groups import Consumer

LONG_AGO_MS = 86_400_000
Said = Literal["running", "stopping", "fenced", "torn"]


class Torn(ServingError):
    """The broker has lost entries that it had taken: who wrote them writes them again, under their ids."""


@dataclass(frozen=True, slots=True)
class Held:
    """A job in the hands of a worker.

    entry  its id in the stream of jobs
    first  id of the next entry that the worker may write
    spoken_ms  since the first piece of an earlier attempt; None if there is none
    """

    entry: str
    job: Job
    first: EntryId
    spoken_ms: int | None = None

    @property
    def attempt(self) -> int:
        return self.first.attempt


@dataclass(frozen=True, slots=True)
class Claims:
    """One worker of a pool.

    worker        its name, unique among the living
    idle_ms       a job of which nobody has heard for so long is free for others
    max_attempts  a prompt that so many workers did not survive is given up; one that is given back counts none
    """

    client: Any
    worker: str
    pool: str = "main"
    idle_ms: int = 10_000
    max_attempts: int = 3

    def prepare(self) -> None:
        """Before the first claim: jobs that were accepted earlier are not lost."""
        self._consumer.prepare()

    def claim(self, count: int, *, wait_ms: int | None = None) -> list[Held]:
        """Up to `count` jobs, those that another worker dropped first; each has its first log entry already.

        wait_ms  how long to wait if there is none; None = not at all
        Raises   BrokerLost, while none has been begun
        """
        begun: list[Held] = []
        for entry, fields in self._consumer.take(count, wait_ms=wait_ms):
            try:
                held = self._start(entry, fields)
            except BrokerLost:
                if not begun:
                    raise
                break  # the others are free again after idle_ms
            begun += [held] if held else []
        return begun

    @property
    def _consumer(self) -> Consumer:
        return Consumer(self.client, keys.jobs(self.pool), keys.WORKERS, self.worker, self.idle_ms)

    def _start(self, entry: str, fields: Mapping[str, str]) -> Held | None:
        try:
            job = Job.of_json(fields["json"])
        except ServingError:
            self._bury(entry, fields["gen"])
            return None
        return self._begin(entry, job)

    def _bury(self, entry: str, generation: str) -> None:
        """A job that another version wrote must not end every worker that looks at it."""
        with told_as_lost():
            owner = self.client.hget(keys.facts(generation), "owner") or ""
        if held := self._begin(entry, Job(generation, owner, "", ())):
            self.finish(held, held.first, End("error", "failed", None, "bad_job"))

    def _begin(self, entry: str, job: Job) -> Held | None:
        told = run_script(
            self.client, "start", keys_of(self.pool, job.generation, job.owner),
            [job.generation, keys.WORKERS, entry, self.worker, self.max_attempts, uuid.uuid4().hex],
        )  # fmt: skip
        if told[0] != "started":
            return None
        return Held(entry, job, EntryId(int(told[1]), int(told[2])), None if told[3] == "" else int(told[3]))

    def write(self, pieces: Sequence[tuple[Held, EntryId, Entry]]) -> list[Said]:
        """Appends one entry to each of several logs, in one round trip.

        Returns  for each: running; stopping = written, and the reader wants no more; fenced = refused, another
                 worker has the job; torn = refused, the broker has lost entries before it: they are written again
        """
        if not pieces:
            return []
        said = self._write(pieces)
        if any(
            _is_unknown_script(s) for s in said
        ):  # the broker was restarted; a piece sent twice is written once
            with told_as_lost():
                self.client.script_load(script("append"))
            said = self._write(pieces)
        if error := next((s for s in said if isinstance(s, Exception)), None):
            raise BrokerLost(f"the broker: {error}") from error
        return said

    def _write(self, pieces: Sequence[tuple[Held, EntryId, Entry]]) -> list[Any]:
        sha = hashlib.sha1(script("append").encode()).hexdigest()
        with told_as_lost(), self.client.pipeline(transaction=False) as pipe:
            for held, id_, entry in pieces:
                name = held.job.generation
                pipe.evalsha(
                    sha, 2, keys.facts(name), keys.log(name), id_.attempt, str(id_), *_flat(to_fields(entry))
                )
            return list(pipe.execute(raise_on_error=False))

    def states(self, generations: Sequence[str]) -> list[str | None]:
        """State of each, in one round trip; None if the broker does not know it. Raises   BrokerLost"""
        if not generations:
            return []
        with told_as_lost(), self.client.pipeline(transaction=False) as pipe:
            for generation in generations:
                pipe.hget(keys.facts(generation), "state")
            return list(pipe.execute())

    def finish(self, held: Held, id_: EntryId, end: End) -> bool:
        """Ends a generation. False if another worker has it: then nothing was written.

        Raises   BrokerLost; Torn if the broker has lost entries before it
        """
        told = run_script(
            self.client, "finish", keys_of(self.pool, held.job.generation, held.job.owner),
            [held.job.generation, keys.WORKERS, id_.attempt, str(id_), end.state, *_flat(to_fields(end))],
        )  # fmt: skip
        if told == "torn":
            raise Torn(f"the broker has lost the end of the log of {held.job.generation}.")
        return bool(told != "fenced")

    def beat(self, held: Sequence[Held]) -> list[Held]:
        """Says that these are alive. Returns those that are another worker's by now, or have ended."""
        if not held:
            return []
        names = [keys.facts(h.job.generation) for h in held]
        arguments = [str(x) for h in held for x in (h.entry, h.attempt)]
        lost = run_script(
            self.client, "beat", [keys.jobs(self.pool), *names], [keys.WORKERS, self.worker, *arguments]
        )
        return [held[int(place) - 1] for place in lost]

    def release(self, held: Held, *, blame: bool = False) -> None:
        """Gives a job back that this worker cannot go on with: another may claim it at once.

        blame  whether this try counts against max_attempts: the prompt may be what ended the worker
        """
        run_script(
            self.client, "release", [keys.jobs(self.pool), keys.facts(held.job.generation)],
            [keys.WORKERS, self.worker, held.entry, held.attempt, LONG_AGO_MS, int(not blame)],
        )  # fmt: skip


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [x for pair in fields.items() for x in pair]


def _is_unknown_script(said: Any) -> bool:
    from redis.exceptions import NoScriptError

    return isinstance(said, NoScriptError)
