"""The micro batch: how many rows of a batch are computed at once, halved where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from rantau import files
from rantau.errors import MachineError
from rantau.stages.training.job import Job, is_out_of_memory
from rantau.stages.training.ranks import Ranks

T = TypeVar("T")
FILE = "micro_batch.json"
SMALLER = "Use a smaller phases.*.max_tokens, model.dtype: bfloat16, or model.quantisation: nf4."


class MicroBatch:
    """A checkpoint keeps the number of rows: a phase that goes on lays its batches out as before."""

    def __init__(self, rows: int, job: Job, ranks: Ranks) -> None:
        self.rows, self._job, self._ranks = rows, job, ranks

    def save(self, folder: Path) -> None:
        files.write_json(folder / FILE, self.rows)

    def load(self, folder: Path) -> None:
        self.rows = min(self.rows, int(files.read_json(folder / FILE)))

    def within_memory(self, model: torch.nn.Module, work: Callable[[], T], what: str, *, step: int) -> T:
        """The work again with half the rows at a time, for as long as memory runs out: nothing is lost, since
        weights and optimiser change only after the last part of a step.

        what, step   for messages
        Raises       MachineError if one row does not fit into memory
        """
        while True:
            try:
                return work()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).split("\n")[0][:120]
            self._halve(reason, what, step)
            model.zero_grad()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _halve(self, reason: str, what: str, step: int) -> None:
        name = self._job.phase.name
        if self._ranks.lockstep:  # the others stand in the middle of the pass that failed
            raise MachineError(
                f"Phase {name}, step {step}: memory ran out on rank {self._ranks.rank} ({reason}). With "
                f"--parallel fsdp write --micro-batch {max(1, self.rows // 2)}. The last checkpoint is kept."
            )
        if self.rows == 1:
            raise MachineError(
                f"Phase {name}, step {step}: one row alone does not fit into memory ({reason}). {SMALLER} "
                "The last checkpoint is kept."
            )
        self.rows //= 2
        dropout = self._job.adapter.dropout
        same = "with other draws of dropout" if dropout else "the result is the same up to rounding"
        self._job.say(
            f"train-{name}: out of memory at step {step}; {what} is done again with --micro-batch {self.rows}, "
            f"{same}."
        )
