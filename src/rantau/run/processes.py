"""Shards on processes of this machine. One pipe for each worker, so that a death is known by its shard."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

from rantau.errors import MachineError
from rantau.run.children import able_to_travel, how_it_ended, leave_with_parent
from rantau.run.shards import Work, result_of

GRACE_S = 2.0
THREAD_LIMITS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
Link = connection.Connection


def on_processes(work: Work, workers: int) -> Generator[tuple[int, bytes]]:
    """(number, pickled result) of the missing shards, as they end. All workers are gone when it returns or raises.

    Raises   what the function raised; MachineError that names the shard if its worker died
    """
    waiting = iter(work.missing)
    pool: dict[Link, SpawnProcess] = {}
    busy: dict[Link, int] = {}
    try:
        with limited_threads(1):
            for _ in range(min(workers, len(work.missing))):
                link, process = start_worker(work.function)
                pool[link] = process
        for link in pool:
            _hand_out(link, waiting, busy, work)
        while busy:
            for ready in connection.wait(list(busy)):
                assert isinstance(ready, Link)
                number = busy.pop(ready)
                result = _received(ready, pool[ready], work, number, workers)
                _hand_out(ready, waiting, busy, work)
                yield number, result
    finally:
        end_workers(pool)


def start_worker(function: Callable[[Any], Any]) -> tuple[Link, SpawnProcess]:
    """A process that answers what is sent over the link: pickles of (True, pickled result) or (False, error)."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(function, theirs), daemon=True)
    process.start()
    theirs.close()  # the worker's end of file is ours to see only when no one else holds it
    return ours, process


def _hand_out(link: Link, waiting: Iterator[int], busy: dict[Link, int], work: Work) -> None:
    number = next(waiting, None)
    if number is not None:
        busy[link] = number
        with suppress(OSError):  # the worker died: reading from it says so, with its exit code
            link.send_bytes(work.payload(number))


def _received(link: Link, process: SpawnProcess, work: Work, number: int, workers: int) -> bytes:
    try:
        succeeded, value = pickle.loads(link.recv_bytes())
    except (EOFError, OSError):
        process.join(GRACE_S)
        raise MachineError(_death(work.name(number), process.exitcode, workers)) from None
    if succeeded:
        assert isinstance(value, bytes)
        return value
    raise value


def _death(shard: str, code: int | None, workers: int) -> str:
    cause = "most likely memory ran out; " if code == -signal.SIGKILL else ""
    return (
        f"{shard}: its worker process was ended {how_it_ended(code)}: {cause}finished shards are kept. "
        f"Run again with fewer workers: --workers {max(1, workers // 2)} (there were {workers})."
    )


def end_workers(pool: Mapping[Link, SpawnProcess]) -> None:
    """Idle workers leave at end of file; busy ones are told, and after a grace killed."""
    for link, process in pool.items():
        link.close()
        process.terminate()
    for process in pool.values():
        process.join(GRACE_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Workers share the cores: matrix libraries that start a thread for each core would fight for them. They read
    the limit when they are imported, so it must stand in the environment before the process starts."""
    before = {name: os.environ.get(name) for name in THREAD_LIMITS}
    os.environ.update(dict.fromkeys(THREAD_LIMITS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(function: Callable[[Any], Any], link: Link) -> None:
    """The worker: results of the shards that come, until the link is closed or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    signal.signal(signal.SIGTERM, _leave)
    leave_with_parent()
    while True:
        try:
            payload = link.recv_bytes()
        except EOFError:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is half-written: no exit handler to disturb
            return
        link.send_bytes(_answer(function, payload))


def _answer(function: Callable[[Any], Any], payload: bytes) -> bytes:
    try:
        return pickle.dumps((True, result_of(function, payload)))
    except Exception as error:
        return pickle.dumps((False, able_to_travel(error)))


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)  # and not at once: half-written files are removed on the way
