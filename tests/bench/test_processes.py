"""Memory of a command and of what it starts."""

import sys
from pathlib import Path

import pytest
from bench.curation import processes
from bench.curation.processes import memory_kib, timed

CHILD = """
import sys, time
from pathlib import Path
held = bytearray(150 * 2**20)
time.sleep(1.2)
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}, sys.argv[1]]); print('done')"


def test_the_children_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(pid: int) -> tuple[int, int]:
        """The child ends when it has been seen with all that it holds."""
        sizes = memory_kib(pid)
        if min(sizes) > 150 * 2**10:
            (tmp_path / "seen").touch()
        return sizes

    monkeypatch.setattr(processes, "memory_kib", seen)
    out, wall_s, watch = timed([sys.executable, "-c", PARENT, str(tmp_path / "seen")])
    assert out == "done\n" and wall_s > 1.2
    assert 0.15 < watch.peak_gib < 0.25 and watch.peak_gib <= watch.peak_rss_gib < 0.3


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        timed([sys.executable, "-c", "raise SystemExit(3)"])
