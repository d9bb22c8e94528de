"""Shards as tasks of a Ray cluster (ray is an extra). Tasks are pure, so a lost node only costs time."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from rantau import __version__
from rantau.errors import MachineError
from rantau.run.shards import Work, result_of

CONNECT_S = 60.0
LOST_S = 60.0  # no node with a core for so long: nobody will come
RETRIES = 5
IN_FLIGHT_PER_CORE = 2  # one runs, one waits: more would only fill the memory of the object store
PROBE = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False)"


def on_cluster(work: Work, address: str) -> Generator[tuple[int, bytes]]:
    """(number, pickled result) of the missing shards, as they end. Left early, it cancels the running tasks.

    address  "auto", or host:port of the cluster's head
    Raises   what the function raised; MachineError if ray is missing, the address does not answer within
             CONNECT_S seconds, a shard failed on RETRIES + 1 workers, or no node is left for LOST_S seconds
    """
    ray = connect(address)
    at_most = IN_FLIGHT_PER_CORE * _cores(ray)
    if at_most == 0:
        raise MachineError(f"the Ray cluster {address} has no free node. Start one: ray start --address HOST:PORT")
    waiting = iter(work.missing)
    running: dict[Any, int] = {}
    try:
        _submit(ray, work, waiting, running, at_most)
        while running:
            for reference in _ended(ray, work, list(running)):
                number = running.pop(reference)
                yield number, _received(ray, reference, work.name(number))
            _submit(ray, work, waiting, running, at_most)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _submit(ray: Any, work: Work, waiting: Iterator[int], running: dict[Any, int], at_most: int) -> None:
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_task)
    for number in islice(waiting, at_most - len(running)):
        reference = task.remote(work.function, work.payload(number), str(work.folder), __version__)
        running[reference] = number


def _ended(ray: Any, work: Work, running: list[Any]) -> list[Any]:
    """Waits for a task to end. Raises MachineError if there is no node that could end one."""
    last_seen = time.monotonic()
    while True:
        ended, _ = ray.wait(running, num_returns=1, timeout=5.0)
        if ended:
            return list(ended)
        if _cores(ray):
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > LOST_S:
            raise MachineError(
                f"{work.title}: the Ray cluster has lost all its nodes. Finished shards are kept: start nodes and "
                "run again."
            )


def connect(address: str) -> Any:
    """The ray module, connected. The connection stays for the life of the process."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MachineError("--cluster needs Ray, which is not installed: pip install 'rantau[ray]'") from None
    if not ray.is_initialized():
        refuse_dead(address)
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    return ray


def refuse_dead(address: str) -> None:
    """ray.init waits for minutes and then ends the process where nobody answers: another process tries first."""
    if ":" in address:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except (OSError, ValueError) as error:
            raise MachineError(_no_answer(address, str(error))) from None
    try:
        probe = subprocess.run(
            [sys.executable, "-c", PROBE, address], timeout=CONNECT_S, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise MachineError(_no_answer(address, f"no answer within {CONNECT_S:.0f} s")) from None
    if probe.returncode:
        said = probe.stderr.strip().splitlines() or ["it ended without a word"]
        raise MachineError(_no_answer(address, said[-1]))


def _no_answer(address: str, why: str) -> str:
    return (
        f"--cluster {address}: no Ray cluster answers there ({why}). Start one: ray start --head, "
        "and give its address, or leave --cluster out to use this machine."
    )


def _cores(ray: Any) -> int:
    return int(ray.cluster_resources().get("CPU", 0))


def _received(ray: Any, reference: Any, shard: str) -> bytes:
    try:
        result = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, Exception) and not isinstance(cause, ray.exceptions.RayError):
            cause.add_note(str(error))
            raise cause from None
        raise
    except ray.exceptions.RayError as error:
        raise MachineError(
            f"{shard}: lost on {RETRIES + 1} workers of the cluster ({type(error).__name__}); most likely memory "
            "ran out. Finished shards are kept. Give the nodes fewer cores (ray start --num-cpus) and run again."
        ) from error
    assert isinstance(result, bytes)
    return result


def _task(function: Callable[[Any], Any], payload: bytes, folder: str, version: str) -> bytes:
    """Runs on a node of the cluster."""
    node = socket.gethostname()
    if version != __version__:
        raise MachineError(f"node {node} has rantau {__version__}, but {version} is running. Install the same.")
    if not Path(folder).is_dir():
        raise MachineError(f"node {node} does not see {folder}. Put --store on a disk that all nodes share.")
    return result_of(function, payload)
