"""Conditions of evaluation.fail_if: what they say, and what a recipe refuses."""

from typing import Any

import pytest

from rantau.errors import RecipeError
from rantau.recipe import Recipe, check_recipe, read_condition


@pytest.mark.parametrize(
    ("text", "figure", "limit", "holds", "passes"),
    [
        ("source_bpb_rise > 0.02", "source_bpb_rise", 0.02, 0.03, 0.02),
        ("  target_bpb_rise>=-.05 ", "target_bpb_rise", -0.05, -0.05, -0.06),
        ("chrf++.tanya.change < 1e-1", "chrf++.tanya.change", 0.1, 0.0, 0.1),
        ("bits_per_byte.berita/kota a.b.adapted<=2", "bits_per_byte.berita/kota a.b.adapted", 2, 2, 3),
    ],
)
def test_a_condition_is_figure_operator_and_number(
    text: str, figure: str, limit: float, holds: float, passes: float
) -> None:
    condition = read_condition(text)
    assert (condition.figure, condition.limit) == (figure, limit)
    assert condition.holds(holds) and not condition.holds(passes)


def test_a_row_is_named_by_metric_name_and_system() -> None:
    assert read_condition("bits_per_byte.berita/v1.2.change > 0").row == ("bits_per_byte", "berita/v1.2", "change")


@pytest.mark.parametrize(
    "text", ["source_bpb_rise", "source_bpb_rise > much", "> 3", "a == 3", "a > 1 > 0", "a > nan", "a < inf"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"Try `source_bpb_rise > 0\.02`"):
        read_condition(text)


def recipe(*conditions: str, texts: list[dict[str, Any]] | None = None, **evaluation: Any) -> Recipe:
    sources = [
        {"name": name, "path": f"{name}.txt", "language": language, "license": "CC0-1.0"}
        for name, language in (("berita", "ind"), ("news", "eng"))
    ]
    data = {
        "name": "coba", "language": {"target": "ind"}, "model": {"base": "m"}, "sources": sources,
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {"berita": 1.0}}],
        "evaluation": {"texts": texts or [{"name": "id", "source": "berita"}], "fail_if": conditions} | evaluation,
    }  # fmt: skip
    return check_recipe(data, where="coba.yaml")


BOTH = [{"name": "id", "source": "berita", "by": "kota"}, {"name": "en", "source": "news"}]


@pytest.mark.parametrize(
    "condition",
    [
        "source_bpb_rise > 0.02", "target_bpb_rise > 0", "in_context_loss > 0.1", "bits_per_byte.id.change >= 0",
        "bits_per_byte.id/Bandung.adapted > 3", "perplexity.en.adapted > 40",
        "in_context_gain.letters.adapted < 0.5", "in_context_gain.letters/copy.adapted < 0.5",
        "chrf++.berita.change <= 0",
        "language_fidelity.berita.ceiling < 0.9", "semantic_match.berita.adapted < 0.1",
        "exact_match.berita.chance > 0.1", "weighted_f1.berita.chance-base > 0.1",
    ],
)  # fmt: skip
def test_figures_of_this_recipe_are_known(condition: str) -> None:
    prompts = {"source": "berita", "semantic": [{"name": "use", "encoder": "e"}]}
    assert recipe(condition, texts=BOTH, prompts=prompts).evaluation.fail_if == [condition]


@pytest.mark.parametrize(
    "condition",
    [
        "source_bpb_rise > 0.02",  # no text in English
        "bits_per_byte.en.change > 0", "bits_per_byte.id/Bandung.change > 0", "bits_per_byte.id.chance > 0",
        "chrf++.berita.change < 0", "loss > 1",
    ],
)  # fmt: skip
def test_a_figure_that_nothing_measures_is_refused_with_what_is(condition: str) -> None:
    with pytest.raises(RecipeError, match=r"nothing will measure '.*This recipe measures target_bpb_rise"):
        recipe(condition)


def test_without_a_probe_there_is_no_loss_of_examples() -> None:
    with pytest.raises(RecipeError, match="nothing will measure 'in_context_loss'"):
        recipe("in_context_loss > 0.1", in_context=None)


def test_two_encoders_are_told_apart_by_name() -> None:
    prompts = {"source": "berita", "semantic": [{"name": "a", "encoder": "e"}, {"name": "b", "encoder": "f"}]}
    assert recipe("semantic_match:b.berita.adapted < 0.1", prompts=prompts)
    with pytest.raises(RecipeError, match="nothing will measure"):
        recipe("semantic_match.berita.adapted < 0.1", prompts=prompts)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("language_fidelity.berita.chance < 0.9", "language_fidelity looks at the answer alone"),
        ("answer_words.berita.chance-base > 40", "answer_words looks at the answer alone"),
        ("run_on.berita.chance > 0", "run_on looks at the answer alone"),
    ],
)
def test_a_row_that_never_has_a_value_is_refused_with_the_reason(condition: str, why: str) -> None:
    with pytest.raises(
        RecipeError, match=rf"evaluation\.fail_if: '{condition[:10]}.*' will never have a value: {why}"
    ):
        recipe(condition, prompts={"source": "berita"})


def test_lists_of_letters_of_one_kind_have_rows_where_there_are_enough_of_them() -> None:
    probe: dict[str, Any] = {"in_context": {"max_items": 18}}
    assert recipe("in_context_gain.letters/reverse.change < 0", **probe)
    with pytest.raises(
        RecipeError, match=r"will never have a value: .*max_items: 18 asks 4 of first, and 5 are ne"
    ):
        recipe("in_context_gain.letters/first.change < 0", **probe)
    with pytest.raises(RecipeError, match=r"nothing will measure 'in_context_gain\.letters/middle"):
        recipe("in_context_gain.letters/middle.change < 0", **probe)


def test_benchmarks_are_asked_after_the_conditions_are_judged() -> None:
    asked = {"benchmarks": [{"name": "xcopa_id"}], "benchmark_data": "data"}
    with pytest.raises(
        RecipeError, match=r"nothing will measure 'acc\.xcopa_id\.adapted'.*Benchmarks are asked aft"
    ):
        recipe("acc.xcopa_id.adapted < 0.5", **asked)


def test_the_probe_has_rows_of_what_examples_gain_and_none_of_bits() -> None:
    with pytest.raises(RecipeError, match=r"nothing will measure 'in_context_bits.*in_context_gain\.letters\."):
        recipe("in_context_bits.letters.change > 0.1")


def test_prompts_of_another_language_than_the_target_are_refused() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(prompts={"source": "news"})
    message = str(caught.value)
    assert (
        "evaluation.prompts.source: news is in eng, but answers are measured as ind (language.target)" in message
    )
    assert "Name a source in ind, or measure news as one of evaluation.texts" in message
