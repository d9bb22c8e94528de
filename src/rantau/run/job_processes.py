"""Jobs on processes of this machine, which stay for the next job. A worker that dies has failed one job."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from typing import Any

from rantau.errors import MachineError
from rantau.run.children import how_it_ended
from rantau.run.processes import GRACE_S, Link, end_workers, limited_threads, start_worker


class ProcessPool:
    """workers begin when they are first needed; each has so many threads for matrix products."""

    def __init__(self, function: Callable[[Any], Any], workers: int, *, threads: int) -> None:
        self._function, self._workers, self._threads = function, workers, threads
        self._processes: dict[Link, SpawnProcess] = {}
        self._busy: dict[Link, str] = {}

    @property
    def room(self) -> int:
        return self._workers - len(self._busy)

    def start(self, name: str, payload: bytes) -> None:
        link = next((link for link in self._processes if link not in self._busy), None) or self._new_worker()
        self._busy[link] = name
        with suppress(OSError):  # the worker died: reading from it says so, with its exit code
            link.send_bytes(payload)

    def wait(self) -> tuple[str, bytes | Exception]:
        link = next(iter(connection.wait(list(self._busy))))
        assert isinstance(link, connection.Connection)
        name = self._busy.pop(link)
        try:
            succeeded, value = pickle.loads(link.recv_bytes())
        except (EOFError, OSError):
            return name, self._death(link)
        assert succeeded is isinstance(value, bytes)
        return name, value

    def close(self) -> None:
        end_workers(self._processes)

    def _new_worker(self) -> Link:
        with limited_threads(self._threads):
            link, process = start_worker(self._function)
        self._processes[link] = process
        return link

    def _death(self, link: Link) -> MachineError:
        process = self._processes.pop(link)
        process.join(GRACE_S)
        ended = how_it_ended(process.exitcode)
        end_workers({link: process})
        return MachineError(
            f"its process was ended {ended}, most likely because memory ran out. What it kept is continued when "
            f"you run again; try fewer at once: --workers {max(1, self._workers // 2)}."
        )
