"""A recipe is checked as a whole, and every problem is told at once in words."""

from pathlib import Path

import pytest

from rantau.errors import RecipeError, SourceError
from rantau.recipe import load_recipe, switch_table

GOOD = """\
name: toy
language: {target: ind}
model: {base: some/model}
sources:
  - {name: news, path: news.txt, language: ind, license: CC0-1.0}
phases:
  - {name: read, kind: cpt, mixture: {news: 1.0}, learning_rate: 6e-5}
evaluation:
  texts: [{name: news, source: news}]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "toy.yaml"
    path.write_text(text)
    return path


def test_yaml_1_2_numbers(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, GOOD)).phases[0].learning_rate == 6e-5


def test_two_mistakes_are_both_shown(tmp_path: Path) -> None:
    text = GOOD.replace("base:", "bas:").replace("6e-5", "nine")
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, text))
    message = str(caught.value)
    assert "toy.yaml: unknown key model.bas. Did you mean base?" in message
    assert "toy.yaml: model.base is missing." in message
    assert "toy.yaml: phases.read.learning_rate: input should be a valid number" in message
    assert "got 'nine'" in message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("news: 1.0", "news: 0.7", "shares of mixture must sum to 1, got 0.7"),
        ("mixture: {news: 1.0}", "mixture: {nws: 1.0}", "phases.read.mixture names the source nws"),
        ("kind: cpt", "kind: cpt, loss_on: answers", "loss_on: answers needs dialogues"),
        ("6e-5", "0", "phases.read.learning_rate: input should be greater than 0, got 0"),
        ("kind: cpt", "kind: rlhf", "phases.read.kind: input should be 'cpt', 'sft' or 'dpo', got 'rlhf'"),
        ("name: toy", "name: Toy Model", "name: string should match pattern"),
    ],
)
def test_each_mistake_has_its_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, GOOD.replace(old, new)))
    assert message in str(caught.value)


def test_not_yaml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"toy\.yaml line 2: not YAML"):
        load_recipe(write(tmp_path, "name: [a\nlanguage: }\n"))


def test_missing_file_and_list(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="got list"):
        load_recipe(write(tmp_path, "- a\n"))


def test_overrides_reach_elements_by_name(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD), ["phases.read.epochs=2", "adapter.rank=4", "seed=1"])
    assert (recipe.phases[0].epochs, recipe.adapter.rank, recipe.seed) == (2.0, 4, 1)
    with pytest.raises(RecipeError, match="no element 'cpt'; there are read"):
        load_recipe(write(tmp_path, GOOD), ["phases.cpt.epochs=2"])
    with pytest.raises(RecipeError, match=r"write --set key\.sub=value"):
        load_recipe(write(tmp_path, GOOD), ["adapter.rank"])


def test_a_profile_sets_every_switch_that_the_recipe_leaves_out(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "adapter: {targets: all-linear}\n")
    assert {row["side"] for row in switch_table(load_recipe(path))} == {"better"}
    sides = {row["name"]: row["side"] for row in switch_table(load_recipe(path, profile="seed"))}
    assert sides.pop("adapter targets") == "better"
    assert set(sides.values()) == {"seed"}


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ("repeats: 5", r"repeats is 5, .* Write repeats: 1, or decoding: sampling\."),
        (
            "semantic: [{name: m, encoder: e, threshold: 0.5, unrelated_share: 0.02}]",
            r"unrelated_share is 0\.02, which only threshold: auto uses; .* leave unrelated_share out\.",
        ),
    ],
)
def test_a_field_of_prompts_that_would_change_nothing_is_refused(
    tmp_path: Path, prompts: str, message: str
) -> None:
    text = GOOD + f"  prompts: {{source: news, {prompts}}}\n"
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(tmp_path, text))


def test_greedy_in_the_seed_profile_says_what_to_write(tmp_path: Path) -> None:
    text = GOOD + "  prompts: {source: news, decoding: greedy}\n"
    with pytest.raises(RecipeError, match=r"repeats is 5, .* Write repeats: 1, or decoding: sampling\."):
        load_recipe(write(tmp_path, text), profile="seed")
    asked = load_recipe(write(tmp_path, text.replace("greedy", "greedy, repeats: 1")), profile="seed").evaluation
    assert asked.prompts is not None and asked.prompts.repeats == 1
