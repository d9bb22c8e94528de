"""What a process and its children hold in memory, read from /proc."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.2


@dataclass
class Watch:
    """peak_gib: greatest sum of PSS (shared pages counted once) over the process and all below it;
    peak_rss_gib: the same with RSS (shared pages counted for each process).

    Reading PSS walks all pages, which took a third of a core beside a training of 4 GiB. With alone=True both are
    the process's own greatest RSS, which the kernel keeps anyway."""

    pid: int
    alone: bool = False
    peak_gib: float = 0.0
    peak_rss_gib: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(EVERY_S):
            if self.alone:
                self.peak_gib = self.peak_rss_gib = max(self.peak_gib, high_water_kib(self.pid) / 2**20)
                continue
            sizes = [memory_kib(pid) for pid in below(self.pid)]
            self.peak_gib = max(self.peak_gib, sum(pss for pss, _ in sizes) / 2**20)
            self.peak_rss_gib = max(self.peak_rss_gib, sum(rss for _, rss in sizes) / 2**20)


def below(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue  # it ended while we looked
    return found


def memory_kib(pid: int) -> tuple[int, int]:
    """(PSS, RSS); 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return sizes["Pss"], sizes["Rss"]


def high_water_kib(pid: int) -> int:
    """Greatest RSS so far; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def timed(
    command: list[str], env: dict[str, str] | None = None, *, alone: bool = False
) -> tuple[str, float, Watch]:
    """(stdout, wall seconds, memory) of a command that must end well; alone: see Watch."""
    start = time.monotonic()
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process,
        Watch(process.pid, alone) as watch,
    ):
        out, _ = process.communicate()
        wall_s = time.monotonic() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return out, wall_s, watch
