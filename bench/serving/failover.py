"""People who ask without end while a worker is killed each minute: python -m bench.serving.failover [--minutes 5]

What is lost (by the soak's checker), how long an answer stands still whose worker died, how long prompts wait.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.serving.chat import free_port
from bench.serving.faults import Disturber
from bench.serving.figures import spread, tell
from bench.serving.soak import live
from bench.serving.soak_house import site_of
from bench.serving.tabs import Asked, Tab


class Person(Tab):
    """One who asks, reads to the end over one connection if it holds, and asks again."""

    def _one(self) -> None:
        if not self._talk:
            self._talk = self.patiently("POST", "/api/talks", {"mode": "single"})["id"]
        asked = self._ask(f"{self.number}-{len(self.asked)}")
        self.asked.append(asked)
        self.read(asked)


def measure(
    folder: Path, people: int, workers: int, minutes: float, every_s: float, idle_s: float
) -> dict[str, Any]:
    port, over = free_port(), threading.Event()
    house = Disturber(folder, port, workers, 0, idle_s)
    persons = [Person(f"http://127.0.0.1:{port}", n, 0, over) for n in range(people)]
    kills = round(60 * minutes / every_s)
    try:
        broker = site_of(folder, port).broker
        verdict = live(persons, over, broker, lambda: _kill_now_and_then(house, kills, every_s))
    finally:
        code = house.stop()
    every = [asked for person in persons for asked in person.asked]
    return {
        "people": people, "workers": workers, "minutes": minutes, "idle_s": idle_s, "kills": kills,
        "answers": verdict.prompts, "continued": verdict.continued, "broken": len(verdict.broken),
        **{f"still_{name}": value for name, value in spread(standing_still(every)).items()},
        **{f"wait_{name}": value for name, value in spread([a.times[0] - a.accepted for a in every]).items()},
        **{f"whole_{name}": value for name, value in spread([a.times[-1] - a.accepted for a in every]).items()},
        "exit": code,
    }  # fmt: skip


def _kill_now_and_then(house: Disturber, kills: int, every_s: float) -> None:
    for _ in range(kills):
        time.sleep(every_s)
        house.kill_worker()
    time.sleep(min(every_s, 20))  # the last one's answers go on


def standing_still(every: Sequence[Asked]) -> list[float]:
    """Seconds between the last piece of an attempt that died and the first of the one that went on."""
    return [
        later - earlier
        for asked in every
        for (before, earlier), (behind, later) in pairwise(zip(asked.ids, asked.times, strict=True))
        if before.attempt < behind.attempt
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every-s", type=float, default=60)
    parser.add_argument("--idle-s", type=float, default=10)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="failover-") as folder:
        row = measure(Path(folder), given.people, given.workers, given.minutes, given.every_s, given.idle_s)
    tell("failover", row, given.json)


if __name__ == "__main__":
    main()
