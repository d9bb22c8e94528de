"""Jobs that need one another: each is done once, as soon as what it needs is there; one that fails stops only
those that need it. In this process, in several of this machine, or on a Ray cluster."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rantau.errors import RantauError


@dataclass(frozen=True, slots=True)
class Job:
    """name     unique among the jobs
    needs    names of other jobs that must be done first
    payload  what the function is given; it travels as a pickle
    """

    name: str
    needs: tuple[str, ...]
    payload: Any


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is done (result), or why it is not.

    error   one line, None if it is done
    detail  the traceback, for those who look for the cause; "" where another job failed
    """

    name: str
    result: Any = None
    error: str | None = None
    detail: str = ""


class Pool(Protocol):
    """Workers. `start` never waits; `wait` returns the next job that ended: its name, and the pickled result or
    the error."""

    @property
    def room(self) -> int: ...

    def start(self, name: str, payload: bytes) -> None: ...

    def wait(self) -> tuple[str, bytes | Exception]: ...

    def close(self) -> None: ...


def run_jobs(
    function: Callable[[Any], Any], jobs: Sequence[Job], *, workers: int, threads: int = 1,
    cluster: str | None = None, accelerators: int = 0,
) -> Iterator[Ended]:  # fmt: skip
    """Every job once, as they end. Of several that are ready the one that was given first begins first.

    function      of a payload; a module-level function
    workers       processes of this machine; 1 = this process
    threads       cores of a job
    cluster       address of a Ray cluster: then `workers` says nothing, and what the jobs read and write must lie
                  where all its nodes see it
    accelerators  of a job, on a cluster
    Raises        ValueError if jobs need one another in a circle, or one that is not there; MachineError if the
                  cluster cannot be used. What the function raises is told, not raised
    """
    _check(jobs)
    if not jobs:
        return
    pool = _pool(function, min(workers, len(jobs)), threads, cluster, accelerators)
    try:
        yield from _schedule(jobs, pool)
    finally:
        pool.close()


def _pool(
    function: Callable[[Any], Any], workers: int, threads: int, cluster: str | None, accelerators: int
) -> Pool:
    if cluster is not None:
        from rantau.run.job_cluster import ClusterPool

        return ClusterPool(function, cluster, threads=threads, accelerators=accelerators)
    if workers == 1:
        return Here(function)
    from rantau.run.job_processes import ProcessPool

    return ProcessPool(function, workers, threads=threads)


def _schedule(jobs: Sequence[Job], pool: Pool) -> Iterator[Ended]:
    waiting = {job.name: job for job in jobs}
    done: set[str] = set()
    failed: dict[str, str] = {}  # job -> the one that failed first
    n_running = 0
    while waiting or n_running:
        yield from _lost(waiting, failed)
        for job in _ready(waiting, done)[: pool.room]:
            del waiting[job.name]
            pool.start(job.name, pickle.dumps(job.payload))
            n_running += 1
        if n_running:
            name, outcome = pool.wait()
            n_running -= 1
            if isinstance(outcome, Exception):
                failed[name] = name
                yield _failure(name, outcome)
            else:
                done.add(name)
                yield Ended(name, pickle.loads(outcome))


def _ready(waiting: dict[str, Job], done: set[str]) -> list[Job]:
    return [job for job in waiting.values() if done.issuperset(job.needs)]


def _lost(waiting: dict[str, Job], failed: dict[str, str]) -> list[Ended]:
    """Takes the jobs out of `waiting` that can never begin, and those that need them."""
    found = []
    more = True
    while more:
        hit = [(job, need) for job in waiting.values() for need in job.needs if need in failed]
        more = bool(hit)
        for job, need in hit:
            if waiting.pop(job.name, None):
                failed[job.name] = failed[need]
                found.append(Ended(job.name, error=f"it needs {failed[need]}, which failed"))
    return found


def _failure(name: str, error: Exception) -> Ended:
    words = str(error) if isinstance(error, RantauError) else f"{type(error).__name__}: {error}"
    detail = "".join([*traceback.format_exception(error), *(getattr(error, "__notes__", None) or ())])
    return Ended(name, error=words, detail=detail)


def _check(jobs: Sequence[Job]) -> None:
    """Jobs may be given in any order, so a circle is looked for."""
    done: set[str] = set()
    waiting = {job.name: job for job in jobs}
    if len(waiting) < len(jobs):
        raise ValueError("two jobs have one name")
    while waiting:
        ready = _ready(waiting, done)
        if not ready:
            raise ValueError(f"jobs need one another, or one that is not there: {', '.join(sorted(waiting))}")
        for job in ready:
            done.add(job.name)
            del waiting[job.name]


class Here:
    """The pool of this process: a job is done when it is started."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self._ended: list[tuple[str, bytes | Exception]] = []

    @property
    def room(self) -> int:
        return 1 - len(self._ended)

    def start(self, name: str, payload: bytes) -> None:
        try:
            self._ended.append((name, pickle.dumps(self._function(pickle.loads(payload)))))
        except Exception as error:
            self._ended.append((name, error))

    def wait(self) -> tuple[str, bytes | Exception]:
        return self._ended.pop()

    def close(self) -> None:
        self._ended.clear()
