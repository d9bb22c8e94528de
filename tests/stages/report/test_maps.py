"""Maps of the clusters on the report: there where a corpus was sampled, within bounds, and safe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from rantau.recipe import Recipe
from rantau.stages.report import maps as module
from rantau.stages.report.maps import ClusterMap, cluster_maps
from rantau.stages.report.page import render_page
from rantau.stages.report.reading import read_running
from rantau.stages.report.stage import report_stage
from rantau.stages.report.wording import ENGLISH, Wording
from tests.stages.report.conftest import Written
from tests.stages.report.markup import Reading
from tests.stages.report.selection.selection_fixture import N_ROWS, n_kept, recipe, write_inputs


@pytest.fixture(scope="module")
def sampled() -> Recipe:
    return cast(Recipe, recipe())  # a corpus recipe has all that maps ask for


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return write_inputs(tmp_path_factory.mktemp("sampled"), recipe())


@pytest.fixture(scope="module")
def found(sampled: Recipe, inputs: Mapping[str, Path]) -> list[ClusterMap]:
    return cluster_maps(sampled, inputs, ENGLISH)


def test_every_projection_is_drawn(found: list[ClusterMap]) -> None:
    (one,) = found
    assert {"pca", "tsne"} <= {name for name, _ in one.drawings}
    assert one.n_left_out == 0
    assert f"{N_ROWS:,} rows" in one.told and f"{n_kept():,} kept" in one.told
    assert one.legend[-1][2] == "base" or len(one.legend) <= 10


def test_the_sentence_is_in_the_language(sampled: Recipe, inputs: Mapping[str, Path]) -> None:
    (one,) = cluster_maps(sampled, inputs, Wording("ind"))
    assert f"{N_ROWS:,}".replace(",", ".") + " baris" in one.told


def test_a_map_without_room_is_left_to_the_page_of_the_selection(
    sampled: Recipe, inputs: Mapping[str, Path], found: list[ClusterMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [len(svg) for _, svg in found[0].drawings]
    monkeypatch.setattr(module, "MOST_BYTES", min(sizes))
    (one,) = cluster_maps(sampled, inputs, ENGLISH)
    assert (len(one.drawings), one.n_left_out) == (1, len(sizes) - 1)


def test_the_page_shows_them_in_its_colours_and_safely(whole: Written, found: list[ClusterMap]) -> None:
    running = read_running(whole.recipe, whole.inputs)
    page = render_page(whole.facts, whole.recipe, running, [], found)
    reading = Reading(page)
    ids = reading.values("id")
    assert len(ids) == len(set(ids))
    assert f"figure-map-{found[0].step}" in ids
    assert len(reading.tags("svg")) == len(found[0].drawings)
    assert set(re.findall(r"var\(--(g\d)\)", page)) <= set(re.findall(r"--(g\d): #", page))
    assert "<script" not in page and len(page) < 5_000_000


def test_without_a_plan_there_is_none(sampled: Recipe, whole: Written, tmp_path: Path) -> None:
    assert cluster_maps(whole.recipe, {**whole.inputs, "select": tmp_path}, ENGLISH) == []
    assert cluster_maps(sampled, {}, ENGLISH) == []
    assert "--g0" not in whole.text("report.html")


def test_the_stage_asks_for_what_it_shows() -> None:
    def needs(**given: Any) -> tuple[str, ...]:
        return report_stage(["train-read"], **given).needs

    plain = needs()
    assert set(needs(selected="select", benchmarks="benchmarks", vocabulary="vocabulary")) - set(plain) == {
        "select", "benchmarks", "vocabulary",
    }  # fmt: skip
    assert not {"select", "benchmarks", "vocabulary"} & set(plain)
