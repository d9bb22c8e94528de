"""The stage `gate`: a run whose conditions of evaluation.fail_if hold ends here, before anything is exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import MeasureError, RecipeError
from rantau.language import load_profile
from rantau.recipe import Recipe, read_condition
from rantau.recipe.gates import no_value
from rantau.recipe.measured import FIDELITY
from rantau.run.stage import Context, Stage
from rantau.stages.evaluation.metrics.fidelity import why_untellable

GATES = "gates.json"


@dataclass(frozen=True, slots=True)
class GateSummary:
    """n_passed: conditions of the recipe, none of which holds"""

    n_passed: int


def gate(context: Context) -> GateSummary:
    """Writes gates.json, as the comparison judged it.

    Raises   MeasureError with every condition that holds, or whose figure could not be measured
    """
    rows = files.read_json(context.inputs["compare"] / GATES)
    failed = [row for row in rows if row["failed"]]
    if failed:
        raise MeasureError(
            f"{len(failed)} of {len(rows)} conditions of evaluation.fail_if hold, so nothing is exported: "
            f"{'; '.join(map(_told, failed))}. The report shows what changed. Replay more of the source language, "
            "lower the learning rate, or change the condition."
        )
    files.write_json(context.out / GATES, rows)
    return GateSummary(len(rows))


def _told(row: Mapping[str, Any]) -> str:
    """Such as: source_bpb_rise > 0.02 (it is 0.0312 [0.0204, 0.0418])."""
    if row["value"] is None:
        return f"{row['condition']} ({row['reason']})"
    bounds = f" [{row['low']:.4g}, {row['high']:.4g}]" if row["low"] is not None else ""
    return f"{row['condition']} (it is {row['value']:.4g}{bounds})"


def refuse_untellable(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Nothing outside the recipe counts. Here because it is asked before any stage runs.

    Raises   RecipeError for a condition on the share of answers in a language that no detector can tell
    """
    why = why_untellable(load_profile(recipe.language.target))
    for condition in map(read_condition, recipe.evaluation.fail_if):
        if why and condition.row[0] in FIDELITY:
            raise RecipeError(f"{no_value(condition, why.rstrip('.'))}.")
    return {}


GATE = Stage(
    name="gate",
    version=1,
    needs=("compare",),
    slices=("evaluation.fail_if",),
    run=gate,
    fingerprint=refuse_untellable,
)
