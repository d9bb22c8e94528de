"""Jobs as tasks of a Ray cluster (ray is an extra)."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rantau import __version__
from rantau.errors import MachineError
from rantau.run.cluster import RETRIES, connect
from rantau.run.shards import result_of


class ClusterPool:
    """Every job is handed over as soon as it is ready: Ray waits for a node that has room.

    threads, accelerators  what a job asks of its node
    Raises   MachineError if ray is missing, if the address does not answer, or if no node has so many
    """

    def __init__(self, function: Callable[[Any], Any], address: str, *, threads: int, accelerators: int) -> None:
        self._ray = connect(address)
        self._function, self._running = function, dict[Any, str]()
        self._asked = {"num_cpus": threads, "num_gpus": accelerators}
        self._refuse_too_much(address)

    @property
    def room(self) -> int:
        return 1_000_000

    def start(self, name: str, payload: bytes) -> None:
        # retry_exceptions stays off: an error of the job is its result
        task = self._ray.remote(max_retries=RETRIES, **self._asked)(_task)
        self._running[task.remote(self._function, payload, __version__, str(Path.cwd()))] = name

    def wait(self) -> tuple[str, bytes | Exception]:
        ended, _ = self._ray.wait(list(self._running), num_returns=1)
        reference = ended[0]
        name = self._running.pop(reference)
        exceptions = self._ray.exceptions
        try:
            return name, self._ray.get(reference)
        except exceptions.RayTaskError as error:
            cause = error.cause
            if not isinstance(cause, Exception) or isinstance(cause, exceptions.RayError):
                return name, MachineError(str(error))
            cause.add_note(str(error))
            return name, cause
        except exceptions.RayError as error:
            kind = type(error).__name__
            return name, MachineError(
                f"lost on {RETRIES + 1} workers of the cluster ({kind}), most likely because memory ran out. Give "
                "the nodes fewer cores (ray start --num-cpus) and run again."
            )

    def close(self) -> None:
        for reference in self._running:
            self._ray.cancel(reference, force=True)

    def _refuse_too_much(self, address: str) -> None:
        """A task that no node can ever take would wait for ever."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        wanted = {"CPU": self._asked["num_cpus"], "GPU": self._asked["num_gpus"]}
        if not any(all(node.get(kind, 0) >= n for kind, n in wanted.items()) for node in nodes):
            asked = ", ".join(f"{n} {kind}" for kind, n in wanted.items() if n)
            raise MachineError(
                f"--cluster {address}: no node has {asked}, which each trial takes. Start one: ray start "
                "--address HOST:PORT"
            )


def _task(function: Callable[[Any], Any], payload: bytes, version: str, folder: str) -> bytes:
    """Runs on a node of the cluster, in the folder of the one who asked: a base may be named relative to it."""
    if Path(folder).is_dir():
        os.chdir(folder)
    if version != __version__:
        node = socket.gethostname()
        raise MachineError(f"node {node} has rantau {__version__}, but {version} is running. Install the same.")
    return result_of(function, payload)
