"""What tests have started ends with them, also where they are killed and can tell nobody.

Every process that tests start, and what it starts itself, has a mark in its environment. A guard beside the tests
waits for their end, and kills what still has it. (Brokers write over their environment; they are bound to who
starts them.) Where there is no /proc, nothing is done.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

MARK = "RANTAU_TESTS"


def guard() -> None:
    """From now on: what this process starts does not outlive it."""
    if sys.platform != "linux":
        return
    mark = f"{os.getpid()}-{time.time_ns()}"
    without = {name: value for name, value in os.environ.items() if name != MARK}
    os.posix_spawn(sys.executable, [sys.executable, "-SE", __file__, str(os.getpid()), mark], without)
    os.environ[MARK] = mark


def marked(mark: str) -> list[int]:
    """Processes that were started with this mark."""
    found, sought = [], f"{MARK}={mark}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if sought in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def main(tests: int, mark: str) -> None:
    os.setsid()  # what ends the tests and all that is theirs leaves the guard alone
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # nobody waits for the guard's last word
        os.dup2(nowhere, stream)
    while os.getppid() == tests:
        time.sleep(0.5)
    while left := marked(mark):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
