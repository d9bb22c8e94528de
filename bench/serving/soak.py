"""The promise under fire: python -m bench.serving.soak [--minutes 30] [--seed N] [--tabs 6] [--workers 3].

A whole chat of real processes, people who ask and read, and faults all the while. Exit 0 if the promise held.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.serving.chat import free_port
from bench.serving.checking import Verdict, check
from bench.serving.faults import Disturber
from bench.serving.network import Network
from bench.serving.soak_house import site_of
from bench.serving.tabs import Tab

AT_ONCE = 3
"""Faults without anything said in between."""


@dataclass(frozen=True, slots=True)
class Soak:
    seed: int
    verdict: Verdict
    faults: Counter[str]
    exit_code: int

    def __str__(self) -> str:
        told, faults = self.verdict, ", ".join(f"{n} {what}" for what, n in sorted(self.faults.items()))
        ended = ", ".join(f"{n} {state}" for state, n in sorted(told.states.items()))
        lines = [
            f"seed {self.seed}: {told.prompts} prompts ({ended}), {told.continued} continued by another worker, "
            f"{told.sent_twice} sent twice, {told.reads} connections of readers",
            f"faults: {faults}",
            *(told.broken or ["the promise held"]),
        ]
        return "\n".join(lines)


def soak(
    folder: Path, seed: int, seconds: float, *, n_tabs: int = 6, workers: int = 3,
    say: Callable[[str], None] = lambda line: None,
) -> Soak:  # fmt: skip
    """Disturbs for `seconds`, then lets all come to rest and checks."""
    port, over = free_port(), threading.Event()
    network = Network.to(site_of(folder, port).broker, seed)
    disturber = Disturber(folder, port, workers, seed, network=network)
    tabs = [Tab(f"http://127.0.0.1:{port}", n, seed, over) for n in range(n_tabs)]
    pace = random.Random(f"{seed} pace")
    try:
        broker = site_of(folder, port).broker
        verdict = live(tabs, over, broker, lambda: _disturb(disturber, tabs, pace, seconds, say))
    finally:
        code = disturber.stop()
        network.stop()
    return Soak(seed, verdict, disturber.told, code)


def live(tabs: Sequence[Tab], over: threading.Event, broker: str, during: Callable[[], None]) -> Verdict:
    """Lets people in, does what is done to the house meanwhile, and checks once all have come to rest.

    over     ends the tabs
    during   leaves the house in peace
    """
    try:
        tabs[0].patiently("GET", "/api/me")
        for tab in tabs:
            tab.start()
        during()
        over.set()
        for tab in tabs:
            tab.join()
        return check(tabs, broker)
    finally:
        over.set()


def _disturb(
    disturber: Disturber, tabs: list[Tab], draw: random.Random, seconds: float, say: Callable[[str], None]
) -> None:
    """At a pace that lets something happen in between: a slow machine is disturbed less often."""
    start = said = time.monotonic()
    seen, since = _progress(tabs), 0
    while time.monotonic() - start < seconds and not any(tab.error for tab in tabs):
        time.sleep(draw.uniform(0.1, 1.2))
        disturber.wake()
        if _progress(tabs) > seen:
            seen, since = _progress(tabs), 0
        if since < AT_ONCE:
            disturber.disturb()
            since += 1
        if time.monotonic() - said > 30:
            said = time.monotonic()
            n = sum(len(tab.asked) for tab in tabs)
            say(f"{said - start:.0f} s: {n} prompts, {disturber.told.total()} faults")
    disturber.calm()


def _progress(tabs: list[Tab]) -> int:
    """Rises with every prompt that is accepted and every piece that is read."""
    return sum(1 + len(asked.ids) for tab in tabs for asked in tab.asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--tabs", type=int, default=6)
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"seed {given.seed}, logs in {folder}", flush=True)
    told = soak(
        folder, given.seed, 60 * given.minutes, n_tabs=given.tabs, workers=given.workers,
        say=lambda line: print(line, flush=True),
    )  # fmt: skip
    print(told)
    if told.verdict.broken or told.exit_code:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
