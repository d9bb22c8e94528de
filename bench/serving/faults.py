"""Faults: processes of a chat are killed, frozen, woken and told to end, and the network between them and their
broker is disturbed, by a random schedule with a seed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Literal

from bench.serving.network import Network

ROOT = Path(__file__).parents[2]
Deed = Literal["kill", "freeze", "end", "delay", "cut", "silence"]
SCHEDULE: tuple[tuple[float, str, Deed], ...] = (
    (30, "worker", "kill"), (25, "worker", "freeze"), (5, "worker", "end"),
    (8, "web", "kill"), (5, "web", "end"), (3, "web", "freeze"),
    (9, "finalizer", "kill"), (4, "finalizer", "freeze"), (3, "finalizer", "end"),
    (6, "broker", "kill"), (5, "broker", "freeze"),
    (2, "supervisor", "kill"),
    (5, "network", "delay"), (12, "network", "cut"), (6, "network", "silence"),
)  # fmt: skip
"""How often, which role, what. A supervisor that is killed takes all with it, and is started again."""


class Disturber:
    """The house and who harms it. idle_s: silence after which a worker loses its prompts; network: between it and
    its broker, if that is harmed too; told: counts of deeds"""

    def __init__(
        self, folder: Path, port: int, workers: int, seed: int, idle_s: float = 1.0, network: Network | None = None
    ) -> None:
        self.folder, self._port, self._workers, self._idle_s = folder, port, workers, idle_s
        self._network = network
        self._draw, self._frozen = random.Random(seed), dict[int, float]()
        self.told: Counter[str] = Counter()
        self.house = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "bench.serving.soak_house", str(self.folder), str(self._port)]
        words += [str(self._workers), str(self._idle_s), *([self._network.url] if self._network else [])]
        with (self.folder / "house.log").open("ab") as log:
            return subprocess.Popen(
                words, cwd=ROOT, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            )  # fmt: skip

    def disturb(self) -> None:
        """One fault, if there is somebody to harm."""
        rates, roles, deeds = zip(*SCHEDULE, strict=True)
        n = self._draw.choices(range(len(SCHEDULE)), rates)[0]
        role, deed, long_s = roles[n], deeds[n], self._draw.uniform(0.2, 2.5)
        if role == "supervisor":
            self._restart()
        elif role == "network" and self._network:
            _harm(self._network, deed, long_s)
        elif found := self._alive(role):
            self._do(self._draw.choice(found), deed, long_s)
        else:
            return
        self.told[f"{role} {deed}"] += 1

    def kill_worker(self) -> None:
        """The one that is, or one of them."""
        self._do(self._draw.choice(self._alive("worker")), "kill", 0.0)
        self.told["worker kill"] += 1

    def _do(self, process: int, deed: Deed, long_s: float) -> None:
        with suppress(ProcessLookupError):
            if deed == "freeze":
                os.kill(process, signal.SIGSTOP)
                self._frozen[process] = time.monotonic() + long_s
            else:
                os.kill(process, signal.SIGKILL if deed == "kill" else signal.SIGTERM)

    def _restart(self) -> None:
        self.house.kill()
        self.house.wait()
        self._frozen.clear()  # they died with it
        self.house = self._start()

    def _alive(self, role: str) -> list[int]:
        """Processes of the role that are the house's own children now: a number may be another's by then."""
        with suppress(OSError, ValueError):
            facts = json.loads((self.folder / "processes.json").read_text())
            pids = [row["pid"] for row in facts.values() if row["role"] == role and row["running"]]
            return [pid for pid in pids if parent_of(pid) == self.house.pid]
        return []

    def wake(self, now: float | None = None) -> None:
        """Those that have slept long enough go on."""
        now = time.monotonic() if now is None else now
        for process in [p for p, at in self._frozen.items() if now >= at]:
            del self._frozen[process]
            if parent_of(process) == self.house.pid:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def calm(self) -> None:
        """From now on nothing is harmed, and nobody sleeps."""
        self.wake(float("inf"))
        if self._network:
            self._network.calm()

    def stop(self) -> int:
        """The exit code of an end in good order."""
        self.calm()
        self.house.terminate()
        try:
            return self.house.wait(90)
        finally:
            self.house.kill()
            self.house.wait()


def _harm(network: Network, deed: Deed, long_s: float) -> None:
    if deed == "cut":
        network.cut()
    elif deed == "delay":
        network.delay(long_s)
    else:
        network.silence(long_s)


def parent_of(process: int) -> int | None:
    """None if it is gone."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
