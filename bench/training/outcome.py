"""What a side did, counted the same way for all of them: by transformers' trainer, on which all of them stand.

Imported by every side in its own environment, so it needs nothing but torch and transformers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ADAPTER, FILE = "adapter", "outcome.json"
NOT_LEARNT = -100


@dataclass
class Outcome:
    """train_s        seconds inside the training loop, as transformers counts them (train_runtime): no loading
    steps             optimiser steps
    parameters        that learn
    positions         of all forward passes, padding included
    tokens            of those, seen by the attention mask: no padding
    learnt            targets of the loss
    other_s           seconds of the parts that only this side has
    """

    train_s: float = 0.0
    steps: int = 0
    parameters: int = 0
    positions: int = 0
    tokens: int = 0
    learnt: int = 0
    threads: int = 0
    dtype: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    other_s: dict[str, float] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Outcome:
    return Outcome(**json.loads((folder / FILE).read_text(encoding="utf-8")))


def watch_trainer(packages: Sequence[str]) -> Outcome:
    """From now on transformers.Trainer fills the outcome while it trains."""
    import torch
    from transformers import Trainer

    outcome = Outcome(packages={name: metadata.version(name) for name in packages})
    train, step = Trainer.train, Trainer.training_step

    def timed_train(self: Any, *args: Any, **kwargs: Any) -> Any:
        learning = [p for p in self.model.parameters() if p.requires_grad]
        outcome.parameters = sum(p.numel() for p in learning)
        outcome.threads, outcome.dtype = torch.get_num_threads(), _computed_in(self)
        result = train(self, *args, **kwargs)
        outcome.train_s += result.metrics["train_runtime"]
        outcome.steps = self.state.global_step
        return result

    def counted_step(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        count_batch(outcome, inputs)
        return step(self, model, inputs, *args, **kwargs)

    Trainer.train, Trainer.training_step = timed_train, counted_step
    return outcome


def count_batch(outcome: Outcome, inputs: dict[str, Any]) -> None:
    """Adds one forward pass: (batch, seq) int64 tensors input_ids, attention_mask and labels."""
    ids, labels = inputs["input_ids"], inputs["labels"]
    outcome.positions += ids.numel()
    mask = inputs.get("attention_mask")
    outcome.tokens += int((mask > 0).sum()) if mask is not None else ids.numel()
    outcome.learnt += int((labels[:, 1:] != NOT_LEARNT).sum())


def _computed_in(trainer: Any) -> str:
    mixed = trainer.accelerator.mixed_precision
    held = str(next(trainer.model.parameters()).dtype).removeprefix("torch.")
    computed = held if mixed == "no" else f"{held}, computed in {mixed}"
    recomputed = any(getattr(m, "gradient_checkpointing", False) for m in trainer.model.modules())
    return computed + (", activations recomputed" if recomputed or trainer.args.gradient_checkpointing else "")
