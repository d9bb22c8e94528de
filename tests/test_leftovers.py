"""Tests that are killed leave nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

KILLED = """
import subprocess, sys, time
from pathlib import Path
from rantau.serving.broker import start_broker
from tests.leftovers import guard
guard()
broker = start_broker(Path(sys.argv[1])).process
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(broker.pid, other.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_tests_that_are_killed_have_started_ends(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        started = tests.stdout.readline().split()
        assert len(started) == 2 and all(map(runs, started))
        tests.kill()
    until(lambda: not any(map(runs, started)))


def runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
