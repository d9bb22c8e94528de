"""What a run writes while it goes: a row of losses and a row of speeds for every step."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rantau import files

LOSSES = "loss.jsonl"
SPEEDS = "speed.jsonl"


@dataclass(frozen=True, slots=True)
class LossRow:
    """step from 1; epoch: passes so far; loss in nats per learnt token of the step's batch, before the update;
    grad_norm before clipping."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    learnt_tokens: int


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """tokens_per_s: real tokens, padding not counted; peak_gib: most memory so far (device, or process)."""

    step: int
    tokens: int
    tokens_per_s: float
    peak_gib: float


class Journal:
    """Rows of a run that may be killed; rows after its last checkpoint are written again, the same."""

    def __init__(self, folder: Path, *, resumed_at: int) -> None:
        self._losses, self._speeds = folder / LOSSES, folder / SPEEDS
        for path in (self._losses, self._speeds):
            rows = [row for row in files.read_appended_jsonl(path) if row["step"] <= resumed_at]
            files.write_jsonl(path, rows)

    def write(self, loss: LossRow, speed: SpeedRow) -> None:
        files.append_jsonl(self._losses, asdict(loss))
        files.append_jsonl(self._speeds, asdict(speed))

    def losses(self) -> list[LossRow]:
        return [LossRow(**row) for row in files.read_appended_jsonl(self._losses)]

    def speeds(self) -> list[SpeedRow]:
        return [SpeedRow(**row) for row in files.read_appended_jsonl(self._speeds)]


def peak_gib(device: str) -> float:
    """Most memory used so far, GiB: of the accelerator, else of this process."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**30
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
