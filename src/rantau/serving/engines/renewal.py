"""Looks whether a run was trained anew: its new adapter then answers in the place of the old one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rantau.errors import RantauError
from rantau.serving.engines.engine import Engine
from rantau.serving.engines.swap import SwappingEngines
from rantau.serving.revisions import revisions_of

EVERY_S = 5.0


class Renewal:
    """build: the engine of a run's adapted model as it is now, on another thread than the one that answers"""

    def __init__(self, engines: SwappingEngines, runs: Sequence[Path], build: Callable[[Path], Engine]) -> None:
        self._engines, self._build = engines, build
        loaded = engines.digests  # a run may have been trained anew while its model was read
        self._digests = {run: loaded.get(run.resolve().name) or digest(run) for run in runs}

    def look(self) -> list[Path]:
        """Loads what has changed since the last look, and names the runs."""
        found = {run: digest(run) for run in self._digests}
        changed = [run for run, now in found.items() if now and now != self._digests[run]]
        for run in changed:
            self._digests[run] = found[run]
            self._engines.load(partial(self._build, run))
        return changed

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._engines.closed.wait(EVERY_S):
            self.look()


def digest(run: Path) -> str:
    """Of what the run has trained; "" while it is being trained, or does not say."""
    try:
        return revisions_of(run, ("adapted",))[0].digest
    except (RantauError, OSError, ValueError):  # it is being written
        return ""
