"""Maps of the clusters, for the report of a run whose corpus was sampled; all else is on the selection's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rantau.recipe import Recipe
from rantau.stages.report.wording import Wording

if TYPE_CHECKING:
    from rantau.stages.report.selection.facts import Clusters

MOST_BYTES = 1_500_000  # of drawings on the page; the others are on selection.html
LEGEND_LETTERS = 30


@dataclass(frozen=True, slots=True)
class ClusterMap:
    """legend: (number, name, colour name); drawings: (projection, SVG); n_left_out: projections without room"""

    step: str
    told: str
    legend: tuple[tuple[str, str, str], ...]
    drawings: tuple[tuple[str, str], ...]
    n_left_out: int


def cluster_maps(recipe: Recipe, inputs: Mapping[str, Path], words: Wording) -> list[ClusterMap]:
    """One for each cluster step that has a map; none without a sampling plan."""
    if "select" not in inputs or not recipe.curation.sampling:
        return []
    from rantau.stages.report.selection.reading import read_steps

    found, room = [], MOST_BYTES
    for step in read_steps(inputs["select"], recipe.curation.sampling):
        if step.found is not None and step.found.maps:
            found.append(_map_of(step.name, step.found, room, words))
            room -= sum(len(svg) for _, svg in found[-1].drawings)
    return found


def _map_of(step: str, clusters: Clusters, room: int, words: Wording) -> ClusterMap:
    kept: list[tuple[str, str]] = []
    for name, svg in _drawn(step, clusters):
        if len(svg) + sum(len(s) for _, s in kept) <= room:
            kept.append((name, svg))
    told = words(
        "maps.told", algorithm=clusters.algorithm, k=words.integer(clusters.k), n=words.integer(clusters.n_rows),
        kept=words.integer(clusters.n_kept), largest=words.percent(clusters.largest_share),
    )  # fmt: skip
    return ClusterMap(step, told, _legend(clusters, words), tuple(kept), len(clusters.maps) - len(kept))


def _drawn(step: str, clusters: Clusters) -> list[tuple[str, str]]:
    """Each projection, its points coloured by cluster."""
    from rantau.stages.report.ink import svg_of
    from rantau.stages.report.selection.drawing import cluster_colours, settings
    from rantau.stages.report.selection.map_drawing import compact, one_map
    from rantau.stages.report.selection.series import maps

    series, colours = maps(clusters), cluster_colours(clusters)
    with settings():
        return [
            (name, compact(svg_of(one_map(series, name, "cluster", colours), f"map-{step}-{name}")))
            for name in clusters.maps
        ]


def _legend(clusters: Clusters, words: Wording) -> tuple[tuple[str, str, str], ...]:
    """Clusters that have a colour of their own, then one line for all others."""
    from rantau.stages.report.selection.drawing import cluster_colours
    from rantau.stages.report.selection.excerpt import excerpt
    from rantau.stages.report.selection.palette import OTHER

    colours = cluster_colours(clusters)
    own = [
        (str(c.number), excerpt(c.name, LEGEND_LETTERS), colours[str(c.number)])
        for c in clusters.clusters
        if colours[str(c.number)] != OTHER
    ]
    others = [("", words("maps.others"), OTHER)] if len(own) < len(clusters.clusters) else []
    return (*own, *others)
