"""What a trainer is given, what it tells of its last step, and what the parent class must know."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import TrainingArguments

from rantau.model.optimiser import EMBEDDING_SHARE
from rantau.recipe import Adapter, Model, Phase
from rantau.stages.training.rows import Rows


@dataclass(slots=True)
class LastStep:
    """What the step that has just ended was; the trainer fills it in, the observer reads it.

    preferred  of a dpo step: share of the pairs whose chosen answer gained more than the rejected one
    """

    step: int = 0
    loss: float = math.nan
    learning_rate: float = 0.0
    grad_norm: float = math.nan
    learnt_tokens: int = 0
    tokens: int = 0
    positions: int = 0
    preferred: float | None = None

    @property
    def pad_share(self) -> float:
        """Padding over the positions that were computed, 0..1."""
        return 1 - self.tokens / self.positions if self.positions else 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """batches: row numbers of each optimiser step; say: where a message to the reader goes; held_back: rows that
    are never learnt; embedding_share, embedding_decay: rate of embeddings and new rows over that of the phase, and
    their weight decay, None = as of the phase."""

    model: Model
    adapter: Adapter
    phase: Phase
    rows: Rows
    batches: Sequence[Sequence[int]]
    say: Callable[[str], None]
    held_back: tuple[int, ...] = ()
    embedding_share: float = EMBEDDING_SHARE
    embedding_decay: float | None = None

    @property
    def n_rows(self) -> int:
        """Rows that are learnt."""
        return len(self.rows) - len(self.held_back)


class Kept(Protocol):
    """What a checkpoint holds besides adapter, optimiser, schedule and random numbers."""

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path) -> None: ...


def is_out_of_memory(error: RuntimeError) -> bool:
    """True for the accelerator's error and for that of the CPU allocator, which has no type of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def arguments(folder: Path, phase: Phase, *, steps: int, seed: int, device: str, dtype: str) -> TrainingArguments:
    """What the parent class must know; everything else is ours."""
    chosen = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=phase.batch_size,
        gradient_accumulation_steps=1,
        max_grad_norm=phase.max_grad_norm,
        seed=seed,
        save_strategy="steps",
        save_steps=phase.checkpoint_steps,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        remove_unused_columns=False,
        use_cpu=device == "cpu",
        bf16=device == "cuda" and dtype == "bfloat16",
        fp16=device == "cuda" and dtype == "float16",
    )
    if chosen.n_gpu > 1:
        chosen._n_gpu = 1  # else the parent splits a batch over all cards with DataParallel
    return chosen
