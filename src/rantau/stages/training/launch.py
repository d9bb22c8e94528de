"""Ranks as processes of this machine: started, watched, asked to stop, and all ended when one of them dies."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from rantau.errors import MachineError, RantauError
from rantau.machine import Machine, detect
from rantau.run.children import able_to_travel, how_it_ended, leave_with_parent
from rantau.stages.training.interrupt import sigterm_noted
from rantau.stages.training.ranks import Ranks

POLL_S = 0.2
GRACE_S = 2.0  # the others of a rank that failed see the line go dead, and may say so before it is known
EXIT_S = 60.0  # the line of a rank is dead at once; how it ended is told when its parent comes to it
AGAIN = (
    "All others were stopped and the last checkpoint is kept: run the same command again, or with fewer "
    "--processes, and it goes on from there."
)
IMPORTED = ("rantau.stages.training.preference", "rantau.model.adapters", "peft", "torch.distributed.fsdp")
RankFunction = Callable[[Ranks, Machine, Any], Any]
Pool = dict[connection.Connection, tuple[int, BaseProcess]]


@dataclass(frozen=True, slots=True)
class Start:
    """function  a module-level function; its payload is pickled
    flag      is made when all are to stop after their step
    title     what they do, for messages
    devices   accelerators of the ranks of this machine; none where they compute on the processor
    """

    function: RankFunction
    payload: Any
    machine: Machine
    flag: Path
    title: str
    devices: tuple[str, ...] = ()

    def ranks(self, rank: int) -> Ranks:
        size = self.machine.processes
        return Ranks(rank, size, lockstep=self.machine.parallel == "fsdp", flag=self.flag)

    def rank_machine(self, threads: int) -> Machine:
        return replace(self.machine, threads=max(1, threads))


class Death(Exception):
    """A process that ended without a word."""


def on_processes(start: Start) -> Any:
    """What the function returns on the rank that leads; all ranks are gone when this returns or raises.

    Raises   what the function raised; MachineError that names the rank if its process died, or if there are fewer
             accelerators than processes
    """
    if start.machine.device == "cuda":
        start = replace(start, devices=accelerators(start.machine.processes))
    start.flag.unlink(missing_ok=True)
    pool: Pool = {}
    with tempfile.TemporaryDirectory(prefix="rantau-ranks-") as folder, sigterm_noted() as asked:
        patience = 0.0
        try:
            for rank in range(start.machine.processes):
                link, process = _started(start, rank, Path(folder) / "store")
                pool[link] = (rank, process)
            result = _watched(start, pool, asked)
            patience = GRACE_S
            return result
        finally:
            _end(pool, patience)


def _end(pool: Pool, patience: float) -> None:
    for link, (_, process) in pool.items():
        link.close()
        process.join(patience)
        process.kill()
        process.join()
        process.close()


def _started(start: Start, rank: int, store: Path) -> tuple[connection.Connection, BaseProcess]:
    context = _beginning()
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(start, rank, store, theirs), name=f"rank {rank}", daemon=True)
    process.start()
    theirs.close()  # its end of file is ours to see only when no one else holds it
    return ours, process


def _beginning() -> SpawnContext | ForkServerContext:
    """How a process begins. To import all takes 10 s of a core: where no driver of an accelerator is, which a fork
    would not survive, one process does it, and all ranks of all phases are forked from it."""
    if sys.platform == "win32" or detect().device != "cpu":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def _watched(start: Start, pool: Pool, asked: threading.Event) -> Any:
    results: dict[int, Any] = {}
    failures: dict[int, Exception] = {}
    until = None
    running = dict(pool)
    while running and (until is None or time.monotonic() < until):
        if asked.is_set():
            start.flag.touch()
        for link in connection.wait(list(running), POLL_S):
            assert isinstance(link, connection.Connection)
            rank, process = running.pop(link)
            good, value = _said(link, rank, process, start)
            (results if good else failures)[rank] = value
            until = until or (None if good else time.monotonic() + GRACE_S)
    if failures:
        raise worst(failures)
    return results[0]


def _said(link: connection.Connection, rank: int, process: BaseProcess, start: Start) -> tuple[bool, Any]:
    try:
        good, value = pickle.loads(link.recv_bytes())
    except (EOFError, OSError):
        process.join(EXIT_S)
        return False, Death(death(rank, process.pid, process.exitcode, start))
    return good, value


def death(rank: int, pid: int | None, code: int | None, start: Start) -> str:
    cause = "; most likely memory ran out" if code == -signal.SIGKILL else ""
    who = f"rank {rank} of {start.machine.processes} (pid {pid})"
    return f"{start.title}: the process of {who} was ended {how_it_ended(code)}{cause}. {AGAIN}"


def worst(failures: dict[int, Exception]) -> Exception:
    """What to tell of several failures: an error that says what to do, else a death; that a line went dead is
    only what the others saw of it."""
    for kind in (RantauError, Death):
        found = [failures[rank] for rank in sorted(failures) if isinstance(failures[rank], kind)]
        if found:
            return MachineError(str(found[0])) if kind is Death else found[0]
    return failures[min(failures)]


def _serve(start: Start, rank: int, store: Path, link: connection.Connection) -> None:
    """One rank, from beginning to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its ranks
    leave_with_parent()
    try:
        answer = (True, _computed(start, rank, store))
    except Exception as error:
        answer = (False, told(error, rank))
    link.send_bytes(pickle.dumps(answer))
    link.close()


def _computed(start: Start, rank: int, store: Path) -> Any:
    from rantau.stages.training.group import met_at

    ranks, size = start.ranks(rank), start.machine.processes
    machine = start.rank_machine(start.machine.threads // size)
    if start.devices:  # seen alone, it has the name that all code uses for the only one
        os.environ["CUDA_VISIBLE_DEVICES"] = start.devices[rank]
    with sigterm_noted(ranks.asked), met_at(store, ranks, machine):
        return start.function(ranks, machine, start.payload)


def accelerators(size: int) -> tuple[str, ...]:
    """Numbers or UUIDs of as many accelerators of this machine.

    Raises   MachineError if there are too few
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        import torch

        names = [str(n) for n in range(torch.cuda.device_count())]
    else:
        names = [name.strip() for name in visible.split(",") if name.strip()]
    if len(names) < size:
        raise MachineError(
            f"--processes {size}: there are only {len(names)} accelerators here, and each process needs its own. "
            f"Use --processes {max(1, len(names))}."
        )
    return tuple(names[:size])


def told(error: Exception, rank: int) -> Exception:
    """An error that can travel, with its traceback as a note."""
    return able_to_travel(error, f"on rank {rank}:\n")
