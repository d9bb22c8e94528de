"""What one rank does of a step, and what all ranks know of it afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rantau.stages.training.loss import Batch
from rantau.stages.training.ranks import Ranks

if TYPE_CHECKING:
    import torch

RANDOM = "rng_state.pth"
FOLDER = "ranks"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a step, which add up over the ranks; stop: whether this rank was asked to stop."""

    loss: float = 0.0
    positions: int = 0
    preferred: float = 0.0
    stop: bool = False


def summed(ranks: Ranks, own: Figures) -> Figures:
    """The same on every rank, to the last bit: all ranks judge by it, and so all judge alike."""
    parts = ranks.gathered(own)
    found = Figures(
        sum(p.loss for p in parts),
        sum(p.positions for p in parts),
        sum(p.preferred for p in parts),
        any(p.stop for p in parts),
    )
    if found.stop:
        ranks.stop.set()
    return found


def own_rows(batch: Batch, ranks: Ranks) -> Batch | None:
    """Rows rank, rank + size, ... of a batch; None if there is none for this rank."""
    if ranks.size == 1:
        return batch
    rows = ranks.share(range(len(batch["parts"])))
    return taken(batch, rows) if rows else None


def taken(batch: Batch, rows: Sequence[int]) -> Batch:
    """Some rows of a batch."""
    lengths = [sum(row) for row in batch["parts"]]
    found = {
        **batch,
        "input_ids": _parts(batch["input_ids"], lengths, rows),
        "labels": _parts(batch["labels"], lengths, rows),
        "parts": [batch["parts"][row] for row in rows],
    }
    if "numbers" in batch:
        found["numbers"] = [batch["numbers"][row] for row in rows]  # type: ignore[typeddict-item]
    return cast(Batch, found)


def _parts(flat: torch.Tensor, lengths: Sequence[int], rows: Sequence[int]) -> torch.Tensor:
    import torch

    parts = torch.split(flat, list(lengths))
    return torch.cat([parts[row] for row in rows])


def other_states(ranks: Ranks, folder: Path | None) -> dict[int, bytes]:
    """Random numbers of the ranks that do not lead, by rank, on all of them.

    folder  where this rank has written its own; None = it leads, and writes its own itself
    """
    own = (folder / RANDOM).read_bytes() if folder else b""
    return {rank: state for rank, state in enumerate(ranks.gathered(own)) if state}


def write_states(states: dict[int, bytes], checkpoint: Path) -> None:
    """Into a checkpoint, so that a phase that goes on draws the dropout that it would have drawn."""
    for rank, state in states.items():
        place = checkpoint / FOLDER / str(rank)
        place.mkdir(parents=True, exist_ok=True)
        (place / RANDOM).write_bytes(state)


def state_folder(checkpoint: Path, ranks: Ranks) -> Path | None:
    """Where the random numbers of this rank lie; None = the checkpoint was written by fewer processes."""
    place = checkpoint if ranks.leads else checkpoint / FOLDER / str(ranks.rank)
    return place if (place / RANDOM).is_file() else None


def scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="rantau-rank-")
