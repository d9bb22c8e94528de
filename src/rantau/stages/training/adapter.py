"""The adapter of a phase, as it begins on its base."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.recipe import Adapter, Phase

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def begin(
    base: PreTrainedModel, phase: Phase, settings: Adapter, previous: Path | None, *, seed: int
) -> PeftModel:
    """`base` (changed in place) with the adapter that the phase learns.

    previous  folder of the adapter of the phase before: learnt on, or frozen under a new one; None = a fresh one
    """
    from rantau.model.adapters import attach_adapter, load_adapter, stack_adapter

    if previous is None:
        found = attach_adapter(base, settings, seed=seed)
    elif phase.previous_adapter == "continue":
        found = load_adapter(base, previous, trainable=True)
    else:
        found = stack_adapter(base, previous, settings, seed=seed)
    if phase.gradient_checkpointing:
        recompute_activations(base)
    return found


def recompute_activations(base: Any) -> None:
    """Only the inputs of each layer are kept for the backward pass; the rest is computed again, dropout included.

    Non-reentrant: the inputs of the first layer need no gradient, as they have none where the base is frozen.
    """
    enable = getattr(base, "activation_checkpointing_enable", None) or base.gradient_checkpointing_enable
    enable({"use_reentrant": False})
