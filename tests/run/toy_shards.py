"""Shard functions that workers import by name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from rantau.errors import DataError
from tests.waiting import state_of, until


@dataclass(frozen=True, slots=True)
class Slow:
    """number is squared after wait_s. Before the wait, the ids of the worker and of its parent process are added
    to a file in folder, a line for each attempt. As long as a file `hold` lies in folder, a second shard below the
    same parent writes held-<parent> and does not end."""

    number: int
    folder: Path
    wait_s: float = 0.0


class OddError(Exception):
    """Cannot be rebuilt from its pickle: __init__ asks for more than Exception keeps."""

    def __init__(self, where: str, row: int) -> None:
        super().__init__(f"{where} {row}")


def square(number: int) -> int:
    return number * number


def slow_square(shard: Slow) -> dict[str, int]:
    parent, hold = os.getppid(), shard.folder / "hold"
    is_first = not begun_on(parent, shard.folder)
    with (shard.folder / f"{shard.number}.pid").open("a") as handle:
        handle.write(f"{os.getpid()} {parent}\n")
    if hold.exists() and not is_first:
        (shard.folder / f"held-{parent}").touch()
        until(lambda: not hold.exists(), "leave to go on")
    time.sleep(shard.wait_s)
    return {"number": shard.number, "square": shard.number**2}


def begun_on(parent: int, folder: Path) -> dict[int, int]:
    """Shards that workers of this process began: number -> worker."""
    notes = {int(p.stem): line.split() for p in folder.glob("*.pid") for line in p.read_text().splitlines()}
    return {number: int(worker) for number, (worker, of) in notes.items() if int(of) == parent}


def killed_at_three(shard: Slow) -> int:
    while shard.number == 3:
        time.sleep(0.02)
        if len(list(shard.folder.glob("*.pickle"))) == 3:  # the others have ended
            os.kill(os.getpid(), signal.SIGKILL)
    return shard.number**2


def bad_at_three(number: int) -> int:
    if number == 3:
        raise DataError("berita.jsonl line 3: too bad.")
    return number * number


def odd_at_three(number: int) -> int:
    if number == 3:
        raise OddError("row", 3)
    return number * number


def threads_allowed(number: int) -> str:
    return os.environ.get("OMP_NUM_THREADS", "")


def alive(pid: int) -> bool:
    try:
        return state_of(pid) != "Z"
    except OSError:  # it ends while one looks
        return False
