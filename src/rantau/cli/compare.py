"""Two runs side by side, for rantau show --compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rantau.study.two_runs import Compared, TwoRuns


def show_two(first: Path, second: Path, *, as_json: bool) -> None:
    """first, second: folders runs/<name>"""
    from rantau.study.two_runs import compare_runs

    found = compare_runs(first, second)
    click.echo(json.dumps(found.to_plain(), ensure_ascii=False) if as_json else _told(found))


def _told(found: TwoRuns) -> str:
    from rantau.cli.table import aligned, level

    head = ["", found.first, found.second, f"difference ({level(found.confidence)} interval)", "p, Holm", "n", ""]
    rows = [head, *(_row(figure) for figure in found.figures)]
    n = sum(figure.difference is not None for figure in found.figures)
    parts = [aligned(rows, right=(1, 2, 4, 5))]
    if not found.same_base:
        parts.append("The two runs started from other models: a difference is not the training's alone.")
    parts.append(
        f"Adapted models, {found.second} minus {found.first}, paired over the same items; p by approximate "
        f"randomisation, corrected by Holm for {n} figures. One training of each: another seed may say otherwise."
    )
    parts.append(
        "\n".join(["recipes:", *(f"  {line}" for line in found.recipe)] if found.recipe else ["recipes: equal"])
    )
    return "\n\n".join(parts)


def _row(figure: Compared) -> list[str]:
    from rantau.stages.report.study import naming

    name = (
        f"{naming.metric_name(figure.metric)}, {figure.name}" if figure.name else naming.metric_name(figure.metric)
    )
    values = [naming.plain(v, figure.unit) for v in (figure.first, figure.second)]
    difference = figure.difference
    if difference is None:
        same = figure.first is not None and figure.second is not None
        return [name, *values, "not paired" if same else "", "", "", ""]
    row = difference.to_row()
    size = f"{naming.change(row)} {naming.interval(row['low'], row['high'], row['unit'], sign=True)}"
    says = {"unclear": "cannot be told"}.get(difference.effect, difference.effect)
    return [name, *values, size, naming.p_value(difference.p_holm), str(difference.n), says]
