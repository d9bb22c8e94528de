"""Stages of evaluation: `answer-base` and `answer-adapted` ask one system each, `compare` measures the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from rantau import files
from rantau.language import load_profile
from rantau.model.base import base_hash
from rantau.recipe import Recipe
from rantau.run.stage import Context, Stage
from rantau.stages.evaluation.asked import read_asked, refuse_unlike
from rantau.stages.evaluation.asking import answer
from rantau.stages.evaluation.compare import compare_systems
from rantau.stages.evaluation.gate import GATES
from rantau.stages.evaluation.gates import judge_gates
from rantau.stages.evaluation.samples import ordered
from rantau.stages.evaluation.scores import resampling_of


@dataclass(frozen=True, slots=True)
class CompareSummary:
    """changes: "<metric>, <name>" -> value of the row "change"; None where it cannot be told"""

    n_scores: int
    n_items: int
    changes: Mapping[str, float | None]


def answer_stage(
    system: Literal["base", "adapted"], *, adapter_from: str | None, vocabulary: str | None = None
) -> Stage:
    """The stage that asks one system.

    adapter_from  name of the training stage whose adapter speaks; None for the base model
    vocabulary    name of the stage whose words the adapter knows; None = the base's own tokens

    Files: texts.jsonl; in_context.jsonl unless the recipe leaves the probe out; unscored.jsonl with the dialogues
    of either that the chat template refuses, if there are any; and if the recipe has prompts: items.jsonl,
    answers.jsonl, prompts.json, and dropped.jsonl with the prompts that the template refuses. speed.json holds
    seconds.
    """
    return Stage(
        name=f"answer-{system}",
        version=2,
        needs=("gather", *(name for name in (adapter_from, vocabulary) if name)),
        slices=(
            "model",
            "formatting",
            "evaluation.texts",
            "evaluation.prompts",
            "evaluation.in_context",
            "evaluation.context_tokens",
            "seed",
        ),
        run=partial(answer, adapter_from=adapter_from),
        fingerprint=base_hash,
        volatile=("speed.json",),
    )


def compare(context: Context) -> CompareSummary:
    """Writes scores.json, gates.json, and samples.jsonl if the recipe has prompts.

    Raises   MeasureError if the two systems were not asked the same
    """
    recipe = context.recipe
    with_prompts = recipe.evaluation.prompts is not None
    with_probe = recipe.evaluation.in_context is not None
    base, adapted = (
        read_asked(context.inputs[name], with_prompts=with_prompts, with_probe=with_probe)
        for name in ("answer-base", "answer-adapted")
    )
    refuse_unlike(base, adapted)
    profile = load_profile(recipe.language.target)
    found = compare_systems(base, adapted, profile, recipe.evaluation, seed=recipe.seed, progress=context.progress)
    files.write_json(context.out / "scores.json", [s.to_row() for s in found.scores])
    languages = {source.name: source.language for source in recipe.sources}
    gates = judge_gates(
        recipe.evaluation, recipe.language, languages, found.scores, base, adapted,
        resampling_of(recipe.evaluation, recipe.seed),
    )  # fmt: skip
    files.write_json(context.out / GATES, [gate.to_row() for gate in gates])
    if with_prompts:
        files.write_jsonl(context.out / "samples.jsonl", ordered(found.samples))
    changes = {f"{s.metric}, {s.name}": s.value for s in found.scores if s.system == "change"}
    return CompareSummary(len(found.scores), len(found.samples), changes)


def encoder_hashes(recipe: Recipe, folder: Path) -> dict[str, str]:
    from rantau.model.encoder import encoder_folders

    prompts = recipe.evaluation.prompts
    return encoder_folders((s.name, s.encoder) for s in (prompts.semantic if prompts else ()))


COMPARE = Stage(
    name="compare",
    version=3,
    needs=("answer-base", "answer-adapted"),
    slices=("language", "sources.*.language", "evaluation", "seed"),
    run=compare,
    fingerprint=encoder_hashes,
)
