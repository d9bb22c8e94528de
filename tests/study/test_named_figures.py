"""A study that names a figure which nothing will measure is told before its trials, by the plan as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rantau.cli.study import command
from rantau.errors import RecipeError
from rantau.recipe import Recipe, check_recipe
from rantau.study.design import Study, load_study
from rantau.study.named_figures import refuse_unmeasured
from rantau.study.trials import trials_of
from tests.study.test_design import written


def base(target: str = "ind", **evaluation: Any) -> Recipe:
    sources = [{"name": n, "path": n, "language": target, "license": "CC0-1.0"} for n in ("news", "talks")]
    asked = {
        "texts": [{"name": "news", "source": "news", "by": "topic"}],
        "prompts": {"source": "talks"},
        "benchmarks": [{"name": name} for name in ("kobest", "arc", "hendrycks_ethics")],
        "benchmark_data": "data",
    }
    return check_recipe(
        {
            "name": "b", "language": {"target": target}, "model": {"base": "m"}, "sources": sources,
            "phases": [{"name": "read", "kind": "cpt", "mixture": {"news": 1.0}}],
            "evaluation": asked | evaluation,
        },
        where="b",
    )  # fmt: skip


def study(*figures: str, choice: tuple[str, ...] = (), rule: str = "mean_rank") -> Study:
    arms = [{"name": "a"}, {"name": "b"}]
    asked = {"name": "s", "base": "b.yaml", "arms": arms, "figures": list(figures)}
    return Study.model_validate(asked | ({"choice": {"figures": list(choice), "rule": rule}} if choice else {}))


@pytest.mark.parametrize(
    "name",
    [
        "bits_per_byte", "bits_per_byte.news", "bits_per_byte.news/sport", "perplexity", "chrf++.talks",
        "in_context_gain", "in_context_gain.letters", "in_context_gain.letters/copy", "language_fidelity",
        "macro_f1.kobest", "macro_f1.kobest_copa", "acc_norm", "acc_norm.arc_challenge", "acc.hendrycks_ethics",
    ],
)  # fmt: skip
def test_a_figure_of_the_base_recipe_may_be_named(name: str) -> None:
    refuse_unmeasured(study(name), base())
    refuse_unmeasured(study(choice=(name,)), base())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("blue", "Did you mean bleu?"),
        ("bits_per_byte.nws", r"Did you mean bits_per_byte\.news?"),
        ("acc_norm.arc", r"Did you mean acc_norm\.arc_challenge?"),
        ("semantic_match", "Did you mean"),
        ("zzz", "There will be: bits_per_byte, perplexity, in_context_gain, bleu, "),
    ],
)
def test_another_one_is_refused_with_the_nearest(name: str, told: str) -> None:
    for asked in (study("bleu", name), study(choice=("bleu", name))):
        with pytest.raises(RecipeError, match=rf"the study names the figure '{name}', which .* measure\. {told}"):
            refuse_unmeasured(asked, base())


def test_none_is_chosen_by_what_cannot_rank() -> None:
    with pytest.raises(RecipeError, match="chooses by answer_words, which is neither better lower nor higher"):
        refuse_unmeasured(study(choice=("answer_words",)), base())
    refuse_unmeasured(study("answer_words", "language_fidelity"), base(target="sun"))
    with pytest.raises(
        RecipeError, match="chooses by language_fidelity, which will never have a value: py3langid"
    ):
        refuse_unmeasured(study(choice=("language_fidelity.talks",)), base(target="sun"))


def test_kinds_of_letters_that_are_too_few_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"names the figure 'in_context_gain\.letters/copy', which"):
        refuse_unmeasured(study("in_context_gain.letters/copy"), base(in_context={"max_items": 8}))


def test_the_plan_refuses_too(tmp_path: Path) -> None:
    path = written(tmp_path, figures=["blue"])
    with pytest.raises(RecipeError, match=r"Did you mean bleu\?"):
        trials_of(load_study(path), path)
    asked = CliRunner().invoke(command, [str(path), "--plan"])
    assert isinstance(asked.exception, RecipeError)


def test_gains_over_several_bases_are_refused_before_anything_runs(tmp_path: Path) -> None:
    arms = [{"name": "a"}, {"name": "b", "set": {"model.dtype": "float16"}}]
    rule = {"rule": "gain_over_sd", "figures": ["bleu"]}
    path = written(tmp_path, arms=arms, choice=rule)
    with pytest.raises(RecipeError, match=r"gain over one base model, but arms differ in model\.dtype"):
        trials_of(load_study(path), path)
    ranks = json.loads(path.read_text()) | {"choice": rule | {"rule": "mean_rank"}}
    path.write_text(json.dumps(ranks))
    assert len(trials_of(load_study(path), path)) == 4
