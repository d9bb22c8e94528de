"""The page of a study: every table and figure, from numbers that a reader can check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

from rantau.stages.report.study import naming, tables, verdict
from rantau.stages.report.study.facts import StudyFacts, read_study
from rantau.stages.report.study.markdown import markdown_table
from rantau.stages.report.study.page import write_page
from rantau.stages.report.study.series import all_series
from tests.stages.report.markup import Reading
from tests.stages.report.study.study_fixture import study_json, write_study

FIGURES = ["bleu", "rouge_means", "rouge_runs", "f1_means", "f1_runs", "others", "bits_per_byte", "differences"]


def facts_of(folder: Path, content: dict[str, Any] | None = None) -> StudyFacts:
    return read_study(write_study(folder, content) / "study.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_study(tmp_path_factory.mktemp("study"))
    write_page(made)
    return made


@pytest.fixture(scope="module")
def facts(folder: Path) -> StudyFacts:
    return read_study(folder / "study.json")


def test_the_page_is_whole(folder: Path) -> None:
    page = (folder / "study.html").read_text(encoding="utf-8")
    reading = Reading(page)
    ids = reading.values("id")
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for a in reading.tags("a") if a["href"].startswith("#")} <= set(ids)
    assert set(reading.values("aria-labelledby")) <= set(ids)
    assert not re.search(r'(?:src|href)="https?:', page), "nothing is fetched"
    assert len(page.encode()) < 5_000_000
    assert "52.35 ± 3.72" in reading.text and "iteration-9: " not in reading.text
    for name in FIGURES:
        assert f"figure-{name}" in ids
        assert minidom.parse(str(folder / "figures" / f"{name}.svg"))
        assert (folder / "figures" / f"{name}.csv").read_text(encoding="utf-8").count("\n") > 10


def test_tables_2_and_3(facts: StudyFacts) -> None:
    methods = tables.methods(facts)
    assert methods.columns == (
        "arm", "sampling, in words", "r", "rank-stabilised", "initial rate", "train loss", "held-out loss",
    )  # fmt: skip
    assert [c.text for c in methods.rows[5]][:5] == [
        "iteration-5", "6 subsets, 12 each (3.5k), K=10, 4 a cluster (1k)", "16", "no", "0.0002",
    ]  # fmt: skip
    assert [c.text for c in methods.rows[9]][-2:] == ["failed", "failed"]
    results = tables.results(facts)
    assert results.columns == (
        "arm", "BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L", "weighted F1", "bits per byte",
    )  # fmt: skip
    assert [c.text for c in results.rows[6]] == [
        "iteration-5", "52.35 ± 3.72", "6.20", "2.30", "5.60 ± 0.07", "43.8 ± 0.2 %", "2.120",
    ]  # fmt: skip
    assert [row[0].text for row in results.rows[-3:]] == ["chance", "ceiling", "items"]
    assert results.rows[-2][1].text == "11.50"
    assert {cell.text for cell in results.rows[-1][1:]} == {"48"}
    assert "the 95 % interval over items" in results.caption


def test_differences_say_what_holds(facts: StudyFacts) -> None:
    table = tables.differences(facts, "")
    rows = {(r[0].text, r[0].note): r for r in table.rows}
    assert [c.text for c in rows["iteration-5", "BLEU"]] == [
        "iteration-5", "+27.59 points", "< 0.001", "0.001", "48", "one training", "better, of this one training",
    ]  # fmt: skip
    assert rows["iteration-9", "BLEU"][-1].text == "cannot be told from no difference"
    assert "10 comparisons" in table.caption


@pytest.mark.parametrize(
    ("other_seeds", "words"),
    [(True, "better, with other seeds too"), (False, "better here, but seeds differ as much")],
)
def test_seeds_speak_too(other_seeds: bool, words: str) -> None:
    assert tables.effect_words({"effect": "better", "other_seeds": other_seeds}) == words


def test_sentences(facts: StudyFacts, tmp_path: Path) -> None:
    assert verdict.headline(facts) == (
        "iteration-5 is chosen of 10 arms: it has the least mean rank over BLEU and ROUGE-L, ranked by the gain "
        "over the base model divided by the standard deviation between runs."
    )
    assert "BLEU: 4 better, 1 worse, 5 cannot be told" in verdict.against_base(facts)
    said = " ".join(verdict.cautions(facts))
    assert "trained once" in said and "BLEU 11.5" in said and "1 trial has failed and is missing" in said
    assert "Not above chance" not in said
    lucky = study_json()
    for row in lucky["figures"]:
        if row["metric"] == "bleu" and row["arm"] in ("iteration-1", "iteration-2"):
            row["chance"] = row["low"]
    said = " ".join(verdict.cautions(facts_of(tmp_path, lucky)))
    assert "Not above chance by the interval over items: BLEU in 2 of 10 arms." in said
    level = study_json()
    for row in level["differences"]:
        row["effect"] = "unclear"
    assert "iteration-8 and iteration-9 be told from iteration-5" in verdict.rivals(facts_of(tmp_path, level))


def test_a_study_without_choice_publication_or_runs_has_a_page(tmp_path: Path) -> None:
    content = study_json()
    content |= {"chosen": None, "published": None, "differences": []}
    content["study"]["choice"] = None
    for figure in content["figures"]:
        figure |= {"runs": [[figure["value"]]], "sd_runs": None}
    page = write_page(write_study(tmp_path, content)).read_text(encoding="utf-8")
    assert "names no rule of choice" in Reading(page).text
    drawn = {series.name for series in all_series(read_study(tmp_path / "study.json"))}
    assert drawn == {"rouge_means", "f1_means", "bits_per_byte"}


def test_markdown_keeps_bars_out_of_cells(facts: StudyFacts) -> None:
    text = markdown_table(tables.results(facts))
    assert "| iteration-5 chosen | 52.35 ± 3.72 [47.12, 57.59] |" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [("weighted_f1:use-m3", "weighted F1, use-m3"), ("my_metric", "my metric"), ("bleu", "BLEU")],
)
def test_names(name: str, shown: str) -> None:
    assert naming.metric_name(name) == shown
