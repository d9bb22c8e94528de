"""Ends a phase when held-back rows no longer gain, and keeps the best adapter for its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rantau import files
from rantau.recipe import EarlyStopping

STATE = "early_stopping.json"
BEST = "best"


@dataclass(slots=True)
class Standing:
    """best_bits: bits per byte at best_step, None before the first measurement;
    without_gain: measurements since then."""

    best_bits: float | None = None
    best_step: int = 0
    without_gain: int = 0


class EarlyStop:
    """Judges one measurement after the other. The best adapter lies in <checkpoints>/best, and a copy of it in
    every checkpoint, so that a run that is killed goes on with the best of its own past."""

    def __init__(self, asked: EarlyStopping, checkpoints: Path, *, writes: bool = True) -> None:
        """writes: False in a process that judges as the others do, and leaves the files to one of them"""
        self._writes = writes
        self._asked, self.best = asked, checkpoints / BEST
        self.standing = Standing()

    @property
    def ended(self) -> bool:
        """Whether the phase has to stop."""
        return self.standing.without_gain >= self._asked.patience

    def due(self, step: int, *, steps: int) -> bool:
        """Measured every so many steps, and after the last one."""
        return step % self._asked.every_steps == 0 or step == steps

    def judge(self, step: int, bits: float, *, keep: Callable[[Path], None]) -> bool:
        """Takes in a measurement; True if it is a gain: lower than the best by min_gain at least, and not equal.

        keep  writes the adapter of this step into a folder; called when it is the best so far
        """
        best = self.standing.best_bits
        if best is not None and (bits >= best or best - bits < self._asked.min_gain):
            self.standing.without_gain += 1
            return False
        if self._writes:
            shutil.rmtree(self.best, ignore_errors=True)
            keep(self.best)
        self.standing = Standing(bits, step)
        return True

    def save(self, folder: Path) -> None:
        """Into a checkpoint."""
        files.write_json(folder / STATE, asdict(self.standing))
        if self.standing.best_bits is not None:
            shutil.copytree(self.best, folder / BEST)

    def load(self, folder: Path) -> None:
        """From a checkpoint that is whole."""
        self.standing = Standing(**files.read_json(folder / STATE))
        if not self._writes:
            return
        shutil.rmtree(self.best, ignore_errors=True)
        if self.standing.best_bits is not None:
            shutil.copytree(folder / BEST, self.best)
