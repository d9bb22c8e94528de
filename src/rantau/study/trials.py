"""The trials of a study: one run of one arm, and the recipe that it means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rantau.errors import RecipeError
from rantau.recipe import Recipe, load_recipe
from rantau.run.store import differences
from rantau.study.design import Arm, Study
from rantau.study.named_figures import refuse_unmeasured

OWN = ("name", "repeat")
"""Fields in which every trial differs from the base recipe."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one arm. folder: where relative paths of its recipe start"""

    arm: str
    repeat: int
    recipe: Recipe
    folder: Path

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def title(self) -> str:
        return f"{self.arm}, repetition {self.repeat + 1}"


def base_path(study: Study, path: Path) -> Path:
    """The study's base recipe; path: the study's file."""
    return path.resolve().parent / study.base


def trials_of(study: Study, path: Path) -> list[Trial]:
    """Every trial, all arms of one repetition before the next: a stopped study has whole comparisons.

    path     the study's file
    Raises   RecipeError if an arm sets what the recipe does not know, if one differs in what is held out or
             asked, so that items could not be compared, if a figure is named that nothing will measure, or if the
             rule of choice cannot be followed
    """
    place = base_path(study, path)
    base = load_recipe(place)
    _refuse_server(base)
    _refuse_no_spread(study, base)
    refuse_unmeasured(study, base)
    first = [_trial(study, arm, place) for arm in study.all_arms()]
    for trial in first:
        _refuse_other_items(trial, base)
    if study.choice and study.choice.rule == "gain_over_sd":
        _refuse_several_bases(first)
    return [_repeated(study, trial, repeat) for repeat in range(study.repeats) for trial in first]


def differences_from(base: Recipe, recipe: Recipe) -> list[str]:
    """Lines `field old -> new` of all fields that an arm changes."""
    before, after = (r.model_dump(mode="json", by_alias=True) for r in (base, recipe))
    return [line for line in differences(before, after) if line.split()[0] not in OWN]


def _trial(study: Study, arm: Arm, base: Path) -> Trial:
    overrides = [f"{key}={json.dumps(value)}" for key, value in {**arm.set, "name": study.name}.items()]
    try:
        return Trial(arm.name, 0, load_recipe(base, overrides), base.parent)
    except RecipeError as error:
        raise RecipeError(f"arm {arm.name}: {error}") from error


def _repeated(study: Study, trial: Trial, repeat: int) -> Trial:
    name = f"{study.name}-{trial.arm}-{repeat + 1}"[-40:].lstrip("-_")
    return replace(trial, repeat=repeat, recipe=trial.recipe.model_copy(update={"name": name, "repeat": repeat}))


def _refuse_other_items(trial: Trial, base: Recipe) -> None:
    """Arms are compared over the same held-out items: what decides those must stay as the base recipe has it."""
    for field in ("seed", "sources", "evaluation"):
        here, there = getattr(trial.recipe, field), getattr(base, field)
        if here != there:
            raise RecipeError(
                f"arm {trial.arm}: sets {field}, but arms are compared over the same held-out items. Change it in "
                "the base recipe, for all arms."
            )


def _refuse_no_spread(study: Study, base: Recipe) -> None:
    """What the rule divides by must come out of the study: told before it runs."""
    prompts = base.evaluation.prompts
    answered_once = prompts is None or prompts.repeats < 2
    if study.choice and study.choice.rule == "gain_over_sd" and study.repeats < 2 and answered_once:
        raise RecipeError(
            "choice.rule is gain_over_sd, but each arm is trained once and each prompt answered once, so there is "
            "no deviation to divide by. Raise repeats, or choose by mean_rank."
        )


def _refuse_several_bases(trials: Sequence[Trial]) -> None:
    """trials: one of each arm"""
    first = trials[0].recipe
    for trial in trials[1:]:
        fields = (line.split()[0] for line in differences_from(first, trial.recipe))
        if field := next((f for f in fields if f.startswith("model.")), None):
            raise RecipeError(
                f"the rule gain_over_sd ranks by the gain over one base model, but arms differ in {field}. Choose "
                "by mean_rank."
            )


def _refuse_server(base: Recipe) -> None:
    """A server holds one adapted model, a study has many."""
    prompts = base.evaluation.prompts
    if prompts and prompts.engine == "server":
        raise RecipeError(
            "evaluation.prompts.engine is server, but a study adapts several models and a server answers for one. "
            "Use engine: transformers."
        )
