"""The page: whole, self-contained, safe against texts of data, and as long as there are facts."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import SourceError
from rantau.stages.report.html import visible
from rantau.stages.report.selection.stage import SELECTION
from tests.stages.report.markup import Reading
from tests.stages.report.selection.conftest import Written, written
from tests.stages.report.selection.selection_fixture import (
    ARABIC,
    CLUSTERS,
    EVIL,
    KOREAN,
    N_ROWS,
    clusters_json,
    kept_of,
    n_kept,
    recipe,
    without_plans,
    write_inputs,
)  # fmt: skip


@pytest.fixture(scope="module")
def reading(selection: Written) -> Reading:
    return Reading(selection.text())


def changed(tmp_path: Path, **fields: Any) -> Written:
    """The page of a selection whose clusters.json says something else."""
    inputs = write_inputs(tmp_path / "store", recipe(), optional=False)
    files.write_json(inputs["select"] / "steps/clusters/clusters.json", clusters_json() | fields)
    (inputs["select"] / "steps/clusters/points.parquet").unlink()
    return written(recipe(), inputs, tmp_path / "out")


def test_sizes_and_kept_rows_of_all_clusters_are_on_the_page(reading: Reading) -> None:
    cards = [" ".join(text.split()) for text in re.split(r"(?=\d [^\n]*\n[\d,]+ rows \()", reading.text)]
    for number, (_, size, _, _) in enumerate(CLUSTERS):
        assert any(f"{size:,} rows (" in card and f"{kept_of(number):,} kept of 600" in card for card in cards)


def test_the_head_says_what_came_out(selection: Written, reading: Reading) -> None:
    assert selection.shown.selected == n_kept() + 500
    assert selection.shown.verdict in reading.text
    assert reading.text.index(selection.shown.verdict) < reading.text.index("Before you use it")
    assert reading.text.index("Before you use it") < reading.text.index("Sampling steps in order")


def test_nothing_is_fetched(selection: Written, reading: Reading) -> None:
    assert not reading.tags("script")
    assert not reading.values("src")
    assert all(address.startswith(("#", "data:")) for address in reading.values("href"))
    assert re.findall(r"https?://|@import|url\((?!#)", selection.text()) == []


def test_ids_are_unique_and_fragments_lead_somewhere(selection: Written, reading: Reading) -> None:
    ids = reading.values("id")
    assert len(ids) == len(set(ids))
    wanted = {a[1:] for a in reading.values("href") if a.startswith("#")}
    wanted |= {name for names in reading.values("aria-labelledby") for name in names.split()}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", selection.text()))
    assert wanted <= set(ids)


def test_texts_of_data_stay_text(selection: Written, reading: Reading) -> None:
    page = selection.text()
    assert "<script" not in page
    assert page.count("</style>") == 1 + page.count("<style type=")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert visible(EVIL) in reading.text
    assert "\x00" not in page
    assert "\x1b" not in page


def test_other_scripts_keep_their_direction_and_are_cut(reading: Reading) -> None:
    rows = [a for a in reading.tags("p") if a.get("lang") == "id"]
    assert rows
    assert all(a["dir"] == "auto" for a in rows)
    assert ARABIC[:20] in reading.text
    assert KOREAN[:15] in reading.text
    assert "A" * 200 in reading.text
    assert "A" * 300 not in reading.text


def test_each_figure_carries_the_csv_that_lies_beside_the_page(selection: Written, reading: Reading) -> None:
    downloads = {a["download"]: a["href"] for a in reading.tags("a") if "download" in a}
    beside = {p.name: p.read_bytes() for p in (selection.out / "figures").glob("*.csv")}
    assert {n: base64.b64decode(a.partition("base64,")[2]) for n, a in downloads.items()} == beside
    assert {p.stem for p in (selection.out / "figures").glob("*.svg")} == {n.removesuffix(".csv") for n in beside}
    assert len(beside) == selection.shown.n_figures == 9


def test_drawings_are_named_for_those_who_do_not_see_them(reading: Reading) -> None:
    drawings = reading.tags("svg")
    assert len(drawings) == 2 * 8 + 6  # eight charts for a screen and a phone; three maps in two colourings
    assert all(d["role"] == "img" and len(d["aria-label"]) > 20 for d in drawings)


def test_drops_languages_test_items_and_personal_data_are_told(reading: Reading) -> None:
    for words in ("near duplicate", "Minangkabau (11.0 %)", "xcopa-id", "cendol:812", "rrn", "CC-BY-4.0"):
        assert words in reading.text
    assert "hub:indonlp/cendol_collection_v2" in reading.text


def test_the_recipe_is_printed_with_its_defaults(reading: Reading) -> None:
    from ruamel.yaml import YAML

    text = reading.text
    yaml = text[text.index("seed: 42") : text.index("Licences and origin")]
    printed = YAML(typ="safe", pure=True).load(yaml)
    assert printed["curation"]["sampling"] == recipe().model_dump(mode="json")["curation"]["sampling"]


@pytest.mark.usefixtures("undrawn")
def test_without_optional_files_their_sections_are_missing(tmp_path: Path) -> None:
    page = changed(tmp_path, maps_missing=["umap: pip install umap-learn"])
    ids = Reading(page.text()).values("id")
    for name in ("table-languages", "table-contacts", "table-examples", "table-personal", "figure-clusters-maps"):
        assert name not in ids
    assert "figure-clusters-sizes" in ids


@pytest.mark.usefixtures("undrawn")
def test_what_a_small_partition_cannot_tell_is_left_out(tmp_path: Path) -> None:
    cluster = clusters_json()["clusters"][0] | {
        "fields": {},
        "top_terms": [],
        "nearest": [],
        "random": [],
        "name": "",
    }
    page = changed(
        tmp_path, k=1, k_asked=1, elbow=None, stability=None, sensitivity=[], features=[], coverage={},
        silhouette={"value": None, "n_rows": 3}, clusters=[cluster], largest_cluster_share=1.0,
    )  # fmt: skip
    reading = Reading(page.text())
    assert "no name" in reading.text
    assert "silhouette" not in reading.text
    assert "holds 100.0 % of the rows" in reading.text
    figures = {i for i in reading.values("id") if i.startswith("figure-clusters")}
    assert figures == {"figure-clusters-sizes", "figure-clusters-quotas"}


@pytest.mark.usefixtures("undrawn")
def test_a_step_without_clusters_and_a_recipe_without_steps(tmp_path: Path) -> None:
    plan = [{"sources": ["cendol"], "steps": [{"name": "draw", "method": "random", "n": 100}]}]
    steps = [{"number": 1, "name": "draw", "method": "random", "sources": ["cendol"], "in": N_ROWS, "kept": 100,
              "expected": 100, "note": ""}]  # fmt: skip
    asked = recipe(curation={"sampling": plan})
    inputs = write_inputs(tmp_path / "store", asked)
    files.write_json(inputs["select"] / "steps.json", steps)
    reading = Reading(written(asked, inputs, tmp_path / "out").text())
    assert "random draw" in reading.text
    assert "how diverse they are was not measured" in reading.text
    assert not [i for i in reading.values("id") if i.startswith("cluster-")]
    none = without_plans()
    page = written(none, write_inputs(tmp_path / "none", none), tmp_path / "none-out")
    assert "every cleaned row is selected" in page.text()
    assert page.shown.selected == page.shown.cleaned == N_ROWS + 500


@pytest.mark.usefixtures("undrawn")
def test_missing_documents_are_named(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "store", recipe())
    (inputs["select"] / "documents/koran.parquet").unlink()
    with pytest.raises(SourceError, match=r"koran\.parquet: no such file"):
        written(recipe(), inputs, tmp_path / "out")


def test_the_page_declares_what_it_prints() -> None:
    assert SELECTION.volatile == ("selection.html",)
    assert SELECTION.needs == ("gather", "clean", "select")


def test_there_is_no_emoji(selection: Written) -> None:
    assert not re.search(r"[\U0001F000-\U0001FAFF\u2600-\u27BF]", selection.text())
