"""What a run will cost: parameters, steps, memory and time, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rantau import files, machine
from rantau.recipe import Phase, Recipe
from rantau.run.progress import clock
from rantau.run.store import Store

FLOPS_PER_PARAMETER = 4  # forward and the gradient of the inputs; frozen weights have no gradient of their own
TOKENS_AT_ONCE = 1024  # of one forward pass; a batch is split when memory is short
USED_SHARE = 0.5  # of a plain float32 matrix product, measured with SmolLM2-135M on 2 cores, docs/log.md


def estimate(recipe: Recipe, store: Store, formatted: Path | None) -> dict[str, Any]:
    """formatted  the finished `format` artefact, if there is one: then rows and tokens are known, not asked."""
    from rantau.model.adapters import effective_scale
    from rantau.model.shapes import memory_estimate_gib, trainable_parameters

    counted = trainable_parameters(recipe.model, recipe.adapter)
    base = counted["total"] - counted["trainable"]
    known = files.read_json(formatted / "counts.json") if formatted else {}
    phases = [_phase(p, recipe.adapter.loraplus_ratio, known.get(p.name)) for p in recipe.phases]
    longest = max(p.max_tokens for p in recipe.phases)
    gib = memory_estimate_gib(recipe.model, recipe.adapter, rows=1, max_tokens=max(longest, TOKENS_AT_ONCE))
    return {
        "model": {
            "base": recipe.model.base,
            "total": base,
            "trainable": counted["trainable"],
            "trainable_share": counted["trainable"] / base,
            "by_module": counted["by_module"],
            "effective_scale": effective_scale(recipe.adapter),
        },
        "phases": phases,
        "memory_gib": round(gib, 1),
        "machine_gib": round(machine.memory_gib(), 1),
        "time": _time(phases, base, store),
    }


def _phase(phase: Phase, ratio: float, known: Mapping[str, int] | None) -> dict[str, Any]:
    """tokens and rows of one epoch; None where only a run can tell."""
    rows = known["rows"] if known else None
    tokens = known["tokens"] if known else phase.tokens
    steps = math.ceil(rows * phase.epochs / phase.batch_size) if rows else None
    return {
        "phase": phase.name,
        "tokens": tokens,
        "rows": rows,
        "epochs": phase.epochs,
        "steps": steps,
        "batch_size": phase.batch_size,
        "tokens_per_step": tokens * phase.epochs / steps if tokens and steps else None,
        "rate_a": phase.learning_rate,
        "rate_b": phase.learning_rate * ratio,
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
