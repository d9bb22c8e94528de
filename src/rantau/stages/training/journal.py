"""What a run writes while it goes: rows of losses and speeds for every step, and a row for every measurement."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rantau import files

LOSSES = "loss.jsonl"
SPEEDS = "speed.jsonl"
HELD_BACK = "held_back.jsonl"


@dataclass(frozen=True, slots=True)
class LossRow:
    """step from 1; epoch: passes so far; loss in nats per learnt token of the step's batch, before the update
    (dpo: -log sigmoid, the mean over pairs); grad_norm before clipping, None where float16 overflowed and the step
    was skipped; preferred: share of a dpo step's pairs whose chosen answer gained more, None elsewhere."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float | None
    learnt_tokens: int
    preferred: float | None = None


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """steps: of the whole phase as planned; tokens_per_s: real tokens, padding not counted; pad_share: padding
    over the positions that the step computed, 0..1; peak_gib: most memory so far (device, or process)."""

    step: int
    steps: int
    tokens: int
    tokens_per_s: float
    pad_share: float
    peak_gib: float


@dataclass(frozen=True, slots=True)
class HeldBackRow:
    """bits_per_byte of the held-back rows after this step; gain: the best so far."""

    step: int
    bits_per_byte: float
    gain: bool


class Journal:
    """Rows of a run that may be killed; rows after its last checkpoint are written again, the same."""

    def __init__(self, folder: Path, *, resumed_at: int) -> None:
        self._losses, self._speeds, self._held_back = folder / LOSSES, folder / SPEEDS, folder / HELD_BACK
        for path in (self._losses, self._speeds, self._held_back):
            rows = [row for row in files.read_appended_jsonl(path) if row["step"] <= resumed_at]
            if path.exists() or path != self._held_back:
                files.write_jsonl(path, rows)

    def write(self, loss: LossRow, speed: SpeedRow) -> None:
        files.append_jsonl(self._losses, asdict(loss))
        files.append_jsonl(self._speeds, asdict(speed))

    def write_held_back(self, row: HeldBackRow) -> None:
        files.append_jsonl(self._held_back, asdict(row))

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
