"""Two runs side by side: what their adapted models got on the same items, and where their recipes differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rantau.errors import MeasureError
from rantau.recipe import Recipe, check_recipe
from rantau.run.journal import read_journal
from rantau.stats import holm
from rantau.study.arms import ArmTables, Gathered, figures_of
from rantau.study.compare import Difference, differences_to
from rantau.study.measured import Key, Measured, measure_trial, scores_of
from rantau.study.trials import differences_from

NEEDED = ("answer-base", "answer-adapted", "compare")


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both runs.

    first, second  of the adapted models; None where a run has none
    difference     second minus first over the items, with p corrected by Holm over all figures that both runs
                   share; None if they were not measured on the same items, or not in the same way
    """

    metric: str
    name: str
    unit: str
    better: str
    first: float | None
    second: float | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """recipe: lines `field first -> second`; same_base: whether both started from the same weights; confidence: of
    the intervals, as the first run has it"""

    first: str
    second: str
    recipe: tuple[str, ...]
    same_base: bool
    figures: tuple[Compared, ...]
    confidence: float

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


def compare_runs(first: Path, second: Path) -> TwoRuns:
    """first, second: folders runs/<name>

    Raises   SourceError if one is no run; MeasureError if it has no scores, or if nothing was measured by both
    """
    recipes, folders = zip(*(_read(folder) for folder in (first, second)), strict=True)
    names = _names(first, second)
    scores = [scores_of(f) for f in folders]
    tables = [{m.key: m for m in measure_trial(f, r)} for f, r in zip(folders, recipes, strict=True)]
    differences = _differences(names, tables, scores, recipes[0])
    keys = [k for k in dict.fromkeys([*scores[0], *scores[1]]) if any(_told(s, k) for s in scores)]
    if not any(k in scores[0] and k in scores[1] for k in keys):
        raise MeasureError(f"{names[0]} and {names[1]} have no figure in common, so there is nothing to compare.")
    figures = [_compared(key, scores, differences.get(key)) for key in keys]
    lines = differences_from(*recipes)
    same = not any(line.startswith("model.") for line in lines)
    return TwoRuns(*names, tuple(lines), same, tuple(figures), recipes[0].evaluation.confidence)


def _read(folder: Path) -> tuple[Recipe, dict[str, Path]]:
    journal = read_journal(folder)
    recipe = check_recipe(journal["recipe"], where=f"{folder.name}/run.json")
    folders = {row["stage"]: (folder / "stages" / row["stage"]).resolve() for row in journal["stages"]}
    missing = [stage for stage in NEEDED if not (folders.get(stage, folder) / "manifest.json").is_file()]
    if missing:
        raise MeasureError(f"{folder}: has no finished {missing[0]}, so it cannot be compared. Run it again.")
    return recipe, folders


def _names(first: Path, second: Path) -> tuple[str, str]:
    """The folders' names; with more of the path where these are equal."""
    if first.name != second.name:
        return first.name, second.name
    return str(first), str(second)


def _differences(
    names: tuple[str, str], tables: Sequence[Mapping[Key, Measured]], scores: Sequence[Mapping[Key, Any]],
    recipe: Recipe,
) -> dict[Key, Difference]:  # fmt: skip
    """Of figures that both runs measured on the same items, in the same way."""
    shared = [
        k
        for k, m in tables[0].items()
        if k in tables[1] and tables[1][k].items == m.items and _measured_alike(k, scores)
    ]
    arms = {
        name: {k: ArmTables(of[k].items, {0: of[k].adapted}, of[k].combine) for k in shared}
        for name, of in zip(names, tables, strict=True)
    }
    told = {n: {k: [s[k]] for k in shared if k in s} for n, s in zip(names, scores, strict=True)}
    gathered = Gathered(names, arms, {}, told)
    figures = figures_of(gathered, recipe.evaluation, seed=recipe.seed, arms=names[1:])
    found = differences_to(names[0], gathered, figures, recipe.evaluation, seed=recipe.seed)
    if not found:
        return {}
    alpha = 1 - recipe.evaluation.confidence
    return {
        d.key: replace(d, p_holm=p, effect=d.effect if p < alpha or d.effect == "described" else "unclear")
        for d, p in zip(found, holm([d.p for d in found]), strict=True)
    }


def _measured_alike(key: Key, scores: Sequence[Mapping[Key, Any]]) -> bool:
    """Whether the signatures agree up to the kind of interval: tokens of an answer, decoding, words, encoder.

    The signature of a benchmark sets no kind of interval apart; there the items hold the prompts.
    """
    told = [s.get(key, {}).get("adapted", {}).get("signature", "").partition("|interval:") for s in scores]
    return told[0][0] == told[1][0] or not all(kind for _, kind, _ in told)


def _told(scores: Mapping[Key, Any], key: Key) -> bool:
    row = scores.get(key, {}).get("adapted")
    return row is not None and row["value"] is not None


def _compared(key: Key, scores: Sequence[Mapping[Key, Any]], difference: Difference | None) -> Compared:
    rows = [s.get(key, {}).get("adapted") for s in scores]
    row = next(r for r in rows if r)
    first, second = (r["value"] if r else None for r in rows)
    return Compared(*key, row["unit"], row["better"], first, second, difference)
