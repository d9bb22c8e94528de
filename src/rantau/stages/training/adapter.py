"""The adapter of a phase: how it begins on its base, and how it is written when it has learnt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.recipe import Adapter, Model, Phase

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class PhaseAdapter:
    """model     the base with the adapter that learns
    settings     what the recipe says of that adapter
    stacked_on   folder of the frozen adapter under it (previous_adapter: merge), None = there is none
    """

    model: PeftModel
    settings: Adapter
    stacked_on: Path | None = None

    def write(self, folder: Path, *, base: Model) -> None:
        """One plain PEFT adapter on the base, whatever it was learnt on."""
        from rantau.model.adapters import save_adapter, save_stacked

        if self.stacked_on is None:
            save_adapter(self.model, folder, base=base)
        else:
            save_stacked(self.model, self.stacked_on, folder, base=base)


def begin(
    base: PreTrainedModel, phase: Phase, settings: Adapter, previous: Path | None, *, seed: int
) -> PhaseAdapter:
    """`base` (changed in place) with the adapter that the phase learns.

    previous  folder of the adapter of the phase before: learnt on, or frozen under a new one; None = a fresh one
    """
    from rantau.model.adapters import attach_adapter, load_adapter, stack_adapter

    if previous is None:
        found = PhaseAdapter(attach_adapter(base, settings, seed=seed), settings)
    elif phase.previous_adapter == "continue":
        found = PhaseAdapter(load_adapter(base, previous, trainable=True), settings)
    else:
        found = PhaseAdapter(stack_adapter(base, previous, settings, seed=seed), settings, previous)
    if phase.gradient_checkpointing:
        recompute_activations(base)
    return found


def recompute_activations(base: Any) -> None:
    """Only the inputs of each layer are kept for the backward pass; the rest is computed again, dropout included.

    Non-reentrant: the inputs of the first layer need no gradient, as they have none where the base is frozen.
    """
    enable = getattr(base, "activation_checkpointing_enable", None) or base.gradient_checkpointing_enable
    enable({"use_reentrant": False})
