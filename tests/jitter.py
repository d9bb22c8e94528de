"""Runs tests while random processes of theirs stand still for a moment, as on a machine whose cores others take.

What counts on an order or on a second falls. A process that a test itself has stopped is left alone. Linux only:

    python -m tests.jitter --seed 1 --slower 8 tests/web tests/serving
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

from bench.curation.processes import below

from tests.waiting import state_of

LONGEST_S = 2.5


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--still-s", type=float, default=0.3, help="mean time that a process stands still")
    asked.add_argument("--pause-s", type=float, default=0.25, help="mean time between two of them")
    asked.add_argument("--slower", type=int, default=1, help="so many times slower is the browser")
    asked.add_argument("tests", nargs="+")
    given = asked.parse_args()
    words = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    tests = subprocess.Popen(
        [*words, *given.tests], env={**os.environ, "RANTAU_BROWSER_SLOWER": str(given.slower)}
    )
    draw, n_stops = random.Random(given.seed), 0
    while tests.poll() is None:
        n_stops += hold(draw.choice(below(tests.pid)), min(draw.expovariate(1 / given.still_s), LONGEST_S))
        time.sleep(draw.expovariate(1 / given.pause_s))
    print(f"{n_stops} times a process stood still (seed {given.seed})")
    return tests.returncode


def hold(process: int, seconds: float) -> bool:
    """Stops a process for so long, if it runs."""
    with suppress(OSError):
        if state_of(process) in "TZ":
            return False
        os.kill(process, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(process, signal.SIGCONT)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
