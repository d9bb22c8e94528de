"""What a run will cost: parameters, steps, memory and time, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rantau import files, machine
from rantau.errors import RecipeError
from rantau.recipe import Phase, Recipe
from rantau.run.progress import clock
from rantau.run.store import Store

FLOPS_PER_PARAMETER = 4  # forward and the gradient of the inputs; frozen weights have no gradient of their own
TOKENS_AT_ONCE = 1024  # of one forward pass; a batch is split when memory is short
USED_SHARE = 0.5  # of a plain float32 matrix product, measured with SmolLM2-135M on 2 cores, docs/log.md


def estimate(recipe: Recipe, store: Store, formatted: Path | None) -> dict[str, Any]:
    """formatted  the finished `format` artefact, if there is one: then rows and tokens are known, not asked.

    Raises   RecipeError if a phase claims another number of trainable parameters than it has
    """
    known = files.read_json(formatted / "counts.json") if formatted else {}
    phases = [_phase(recipe, phase, known.get(phase.name)) for phase in recipe.phases]
    check_claims(recipe)
    first, base = phases[0], phases[0]["base_parameters"]
    return {
        "model": {
            "base": recipe.model.base,
            "adapter": recipe.model.adapter,
            "total": base,
            "trainable": first["trainable"],
            "trainable_share": first["trainable"] / base,
            "by_module": first["by_module"],
            "effective_scale": first["effective_scale"],
        },
        "phases": phases,
        "memory_gib": max(p["memory_gib"] for p in phases),
        "machine_gib": round(machine.memory_gib(), 1),
        "time": _time(phases, base, store),
    }


def check_claims(recipe: Recipe) -> None:
    """Counts the parameters of the phases that claim a number of them.

    Raises   RecipeError that names both numbers of every phase whose claims.trainable is another
    """
    wrong = []
    for phase in recipe.phases:
        claimed = phase.claims.trainable if phase.claims else None
        trainable = claimed if claimed is None else _parameters(recipe, phase)["trainable"]
        if claimed != trainable:
            adapter = recipe.adapter_of(phase)
            wrong.append(
                f"phases.{phase.name}.claims: trainable is {claimed:,}, but rank {adapter.rank} on "
                f"{adapter.targets} of {recipe.model.base} trains {trainable:,}. Correct the claim, "
                "or adapter.rank, targets or layers."
            )
    if wrong:
        raise RecipeError("\n".join(wrong))


def _phase(recipe: Recipe, phase: Phase, known: Mapping[str, int] | None) -> dict[str, Any]:
    """tokens and rows of one epoch, without those held back; None where only a run can tell."""
    from rantau.stages.training.batches import optimiser_steps
    from rantau.stages.training.held_back import n_held_back

    rows = known["rows"] if known else None
    tokens = known["tokens"] if known else phase.tokens
    most, learnt = phase.most_tokens_a_step, rows
    if rows and tokens and phase.early_stopping:
        learnt = rows - n_held_back(rows, share=phase.early_stopping.share)
        tokens = round(tokens * learnt / rows)
    steps = optimiser_steps(learnt, batch_size=phase.batch_size, epochs=phase.epochs) if learnt else None
    adapter = recipe.adapter_of(phase)
    return {
        "phase": phase.name,
        "kind": phase.kind,
        **_parameters(recipe, phase),
        "tokens": tokens,
        "rows": learnt,
        "epochs": phase.epochs,
        "steps": steps,
        "steps_at_least": math.ceil(tokens * phase.epochs / most) if tokens else None,
        "batch_size": phase.batch_size,
        "tokens_per_step": tokens * phase.epochs / steps if tokens and steps else None,
        "max_tokens_per_step": most,
        "optimiser": phase.optimiser,
        "schedule": phase.schedule,
        "rate_a": phase.learning_rate,
        "rate_b": phase.learning_rate * adapter.loraplus_ratio,
        "rate_new_words": phase.learning_rate * recipe.vocabulary.rate_share if recipe.vocabulary.extend else None,
    }


def _parameters(recipe: Recipe, phase: Phase) -> dict[str, Any]:
    """What learns in the phase, at which scale, and the memory that it takes."""
    from rantau.model.adapters import effective_scale
    from rantau.model.shapes import embedding_parameters, memory_estimate_gib, trainable_parameters

    adapter = recipe.adapter_of(phase)
    counted = trainable_parameters(recipe.model, adapter)
    by_module, words = dict(counted["by_module"]), recipe.vocabulary.extend
    if words:
        by_module["new words"] = embedding_parameters(recipe.model, words)
    gib = memory_estimate_gib(
        recipe.model,
        adapter,
        rows=1,
        max_tokens=max(phase.max_tokens, TOKENS_AT_ONCE),
        optimiser=phase.optimiser,
        gradient_checkpointing=phase.gradient_checkpointing,
    )
    return {
        "base_parameters": counted["total"] - counted["trainable"],
        "trainable": sum(by_module.values()),
        "by_module": by_module,
        "effective_scale": effective_scale(adapter),
        "memory_gib": round(gib, 1),
    }


def _time(phases: list[dict[str, Any]], n_parameters: int, store: Store) -> str:
    if any(p["tokens"] is None for p in phases):
        return "unknown until the data is there (set phases.*.tokens for an estimate)"
    tokens = sum(p["tokens"] * p["epochs"] for p in phases)
    measured = _recorded_tokens_per_s(store)
    if measured:
        return f"about {clock(tokens / measured)} at {measured:,.0f} tokens/s, as in the latest run of this store"
    guessed = USED_SHARE * machine.flops_per_s() / (FLOPS_PER_PARAMETER * n_parameters)
    return f"about {clock(tokens / guessed)} on this processor ({guessed:,.1f} tokens/s, from a matrix product)"


def _recorded_tokens_per_s(store: Store) -> float | None:
    found = sorted(store.root.glob("train-*/*/speed.json"), key=lambda p: p.stat().st_mtime)
    return float(files.read_json(found[-1])["tokens_per_s"]) if found else None
