"""What a study asks, and what it refuses."""

import json
from pathlib import Path

import pytest

from rantau.errors import RecipeError
from rantau.recipe import load_recipe
from rantau.study.design import Study, load_study
from rantau.study.published import load_published
from rantau.study.trials import differences_from, trials_of

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "recipes" / "demo.yaml"
STUDIES = [p for p in sorted((ROOT / "studies").glob("*.yaml")) if not p.stem.endswith("-base")]


def written(folder: Path, **changes: object) -> Path:
    asked = {"name": "s", "base": str(DEMO), "against": "a", "repeats": 2}
    asked |= {"arms": [{"name": "a"}, {"name": "b", "set": {"adapter.rank": 4}}]}
    path = folder / "s.yaml"
    path.write_text(json.dumps({k: v for k, v in (asked | changes).items() if v is not None}))
    return path


def test_trials_differ_in_what_the_arm_sets_and_in_nothing_that_is_held_out(tmp_path: Path) -> None:
    path = written(tmp_path)
    trials = trials_of(load_study(path), path)
    assert [(t.arm, t.repeat, t.recipe.adapter.rank) for t in trials] == [
        ("a", 0, 16), ("b", 0, 4), ("a", 1, 16), ("b", 1, 4),
    ]  # fmt: skip
    assert len({t.recipe.seed for t in trials}) == 1
    assert trials[0].recipe.draw_seed == trials[1].recipe.draw_seed != trials[2].recipe.draw_seed
    assert len({t.name for t in trials}) == 4
    base = load_recipe(DEMO)
    assert [differences_from(base, t.recipe) for t in trials[:2]] == [[], ["adapter.rank 16 -> 4"]]


def test_axes_are_every_combination(tmp_path: Path) -> None:
    axes = [
        {"name": "rank", "field": "adapter.rank", "values": [4, 8]},
        {
            "name": "rate",
            "points": [
                {"name": "slow", "note": "half", "set": {"phases.read.learning_rate": 1e-4}},
                {"name": "fast", "set": {"phases.read.learning_rate": 1e-3}},
            ],
        },
    ]
    path = written(tmp_path, arms=None, axes=axes, against="rank-4_slow", repeats=1)
    trials = trials_of(load_study(path), path)
    assert [t.arm for t in trials] == ["rank-4_slow", "rank-4_fast", "rank-8_slow", "rank-8_fast"]
    assert [(t.recipe.adapter.rank, t.recipe.phases[0].learning_rate) for t in trials] == [
        (4, 1e-4), (4, 1e-3), (8, 1e-4), (8, 1e-3),
    ]  # fmt: skip
    assert load_study(path).all_arms()[0].note == "half"


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_shipped_studies_load(path: Path) -> None:
    study = load_study(path)
    assert study.name == path.stem
    assert len(trials_of(study, path)) == study.repeats * len(study.all_arms())
    if study.published:
        cited = load_published(path.parent / study.published, [arm.name for arm in study.all_arms()])
        assert set(cited.arms) == {arm.name for arm in study.all_arms()}


def test_the_stand_in_sets_the_same_fields_as_the_real_study() -> None:
    small, full = (load_study(ROOT / "studies" / f"loraplus-table2{end}.yaml") for end in ("", "-full"))
    for one, other in zip(small.all_arms(), full.all_arms(), strict=True):
        assert (one.name, set(one.set)) == (other.name, set(other.set))
        plain = {k: v for k, v in one.set.items() if not k.startswith("curation")}
        assert plain == {k: v for k, v in other.set.items() if not k.startswith("curation")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"against": "c"}, "against: no arm is named c"),
        ({"arms": [{"name": "a"}, {"name": "a"}]}, "two arms are named a"),
        ({"arms": [{"name": "a"}]}, "compares at least two arms"),
        ({"arms": None}, "either arms or axes"),
        (
            {"arms": None, "axes": [{"name": "x", "field": "seed"}]},
            "axis x takes either field with values, or points",
        ),
        ({"repeat": 3}, "repeat: Extra inputs"),
    ],
)
def test_a_wrong_study_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_study(written(tmp_path, **changes))


def test_a_wrong_field_names_its_arm(tmp_path: Path) -> None:
    path = written(tmp_path, arms=[{"name": "a"}, {"name": "b", "set": {"adapter.rnk": 4}}])
    with pytest.raises(RecipeError, match=r"arm b: demo\.yaml: unknown key adapter\.rnk\. Did you mean rank"):
        trials_of(load_study(path), path)


@pytest.mark.parametrize("field", ["seed", "evaluation.texts.english-docs.max_documents"])
def test_an_arm_must_not_change_what_is_measured(tmp_path: Path, field: str) -> None:
    path = written(tmp_path, arms=[{"name": "a"}, {"name": "b", "set": {field: 7}}])
    with pytest.raises(RecipeError, match=r"arm b: sets \w+, but arms are compared over the same held-out items"):
        trials_of(load_study(path), path)


def test_published_figures_of_no_arm_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("source: A paper\narms: {c: {bleu: [3.0]}}\n")
    with pytest.raises(RecipeError, match=r"arms\.c is no arm of the study \(a, b\)"):
        load_published(path, ["a", "b"])


def test_every_field_of_a_study_is_documented() -> None:
    text = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    for name in Study.model_fields:
        assert f"| `{name}` |" in text, name


def test_a_server_cannot_answer_for_many_models(tmp_path: Path) -> None:
    recipe = tmp_path / "demo.yaml"
    recipe.write_text(DEMO.read_text().replace("max_new_tokens: 64", "max_new_tokens: 64\n    engine: server"))
    path = written(tmp_path, base=str(recipe))
    with pytest.raises(RecipeError, match="a server answers for one"):
        trials_of(load_study(path), path)


def test_a_rule_without_a_spread_is_refused_before_anything_runs(tmp_path: Path) -> None:
    rule = {"rule": "gain_over_sd", "figures": ["bleu"]}
    path = written(tmp_path, repeats=1, choice=rule)
    with pytest.raises(RecipeError, match=r"no deviation to divide by\. Raise repeats"):
        trials_of(load_study(path), path)
    assert trials_of(load_study(again := written(tmp_path, repeats=2, choice=rule)), again)
