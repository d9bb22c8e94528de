"""Phases: what the training stages recorded, step by step and in sum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rantau import files
from rantau.recipe import Phase, Recipe
from rantau.stages.report.phase_facts import HeldBack, LossPoint, PhaseFacts

TAKEN = ("steps", "tokens", "learnt_tokens", "pad_share", "first_loss", "last_loss", "trainable", "total",
         "effective_scale", "ended", "steps_planned", "best_step")  # fmt: skip
LAST_SHARE = 0.05


def phase_facts(recipe: Recipe, inputs: Mapping[str, Path]) -> tuple[PhaseFacts, ...]:
    """One a phase, in the recipe's order."""
    counts = files.read_json(inputs["format"] / "counts.json")
    return tuple(
        _facts(recipe, phase, inputs[f"train-{phase.name}"], counts[phase.name]) for phase in recipe.phases
    )


def _facts(recipe: Recipe, phase: Phase, folder: Path, formatted: Mapping[str, Any]) -> PhaseFacts:
    summary = files.read_json(folder / "summary.json")
    curve = loss_curve(folder)
    n_last = max(1, round(LAST_SHARE * len(curve)))
    return PhaseFacts(
        name=phase.name,
        kind=phase.kind,
        rows=formatted["rows"],
        rows_learnt=summary["rows"],
        rows_dropped=formatted["dropped"],
        truncated=formatted["truncated"],
        longest_tokens=formatted["longest"],
        learning_rate=phase.learning_rate,
        learning_rate_b=phase.learning_rate * recipe.adapter_of(phase).loraplus_ratio,
        n_last=n_last,
        end_loss=sum(p.loss for p in curve[-n_last:]) / n_last,
        curve=curve,
        held_back=held_back(folder),
        filled_share=_filled_share(phase, formatted),
        rows_held_back=summary["held_back"],
        **{name: summary[name] for name in TAKEN},
    )


def _filled_share(phase: Phase, formatted: Mapping[str, Any]) -> float | None:
    room = formatted["rows"] * phase.max_tokens
    return formatted["tokens"] / room if phase.packing != "none" and room else None


def loss_curve(folder: Path) -> tuple[LossPoint, ...]:
    """One point a step, in order: a run that was continued may have written a step twice, and the last counts."""
    rows = {r["step"]: r for r in files.read_jsonl(folder / "loss.jsonl")}
    return tuple(
        LossPoint(step, row["loss"], row["learning_rate"], row.get("preferred"))
        for step, row in sorted(rows.items())
    )


def held_back(folder: Path) -> tuple[HeldBack, ...]:
    """Measurements of the rows that were held back; none without early stopping."""
    path = folder / "held_back.jsonl"
    if not path.is_file() or not path.stat().st_size:
        return ()
    rows = {r["step"]: r["bits_per_byte"] for r in files.read_jsonl(path)}
    return tuple(HeldBack(step, rows[step]) for step in sorted(rows))
