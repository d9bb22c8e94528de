"""The benchmarks of a run as a table: before, after, change, chance, and what the questions can resolve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.cli.table import aligned, level

Row = Mapping[str, Any]
MOST_TASKS = 12  # of more tasks (57 subjects) only their mean is shown


def benchmark_rows(folder: Path) -> list[dict[str, Any]]:
    """Rows of benchmarks.json of a run; none if it asked no benchmarks."""
    path = folder / "stages" / "benchmarks" / "benchmarks.json"
    found: list[dict[str, Any]] = files.read_json(path) if path.is_file() else []
    return found


def benchmark_table(rows: Sequence[Row], *, confidence: float = 0.95) -> str:
    """One line a task, in percent; "at chance" in words."""
    n_tasks = {name: sum(r["benchmark"] == name for r in rows) for name in {r["benchmark"] for r in rows}}
    shown = [r for r in rows if n_tasks[r["benchmark"]] <= MOST_TASKS or r["task"] == r["benchmark"]]
    head = [
        "benchmark",
        "shots",
        "base",
        "adapted",
        f"change ({level(confidence)} interval)",
        "resolves",
        "chance",
        "n",
        "",
    ]
    return aligned([head, *(_line(row) for row in shown)], right=(1, 2, 3, 5, 6, 7))


def _line(row: Row) -> list[str]:
    change = row["change"]
    return [
        f"{row['task']}, {row['metric']}",
        str(row["shots"]),
        _percent(row["base"]["value"]),
        _percent(row["adapted"]["value"]),
        f"{100 * change['value']:+.1f} [{100 * change['low']:+.1f}, {100 * change['high']:+.1f}] points",
        f"{100 * row['resolvable']:.1f}",
        "-" if row["chance"] is None else _percent(row["chance"]),
        str(row["n"]),
        "; ".join(_remarks(row)),
    ]


def _remarks(row: Row) -> list[str]:
    said = []
    if row["at_chance_base"] and row["at_chance_adapted"]:
        said.append("both at chance")
    elif row["at_chance_adapted"]:
        said.append("adapted at chance")
    elif row["at_chance_base"]:
        said.append("base at chance")
    if row["n_contaminated"]:
        clean = "-" if row["clean_adapted"] is None else _percent(row["clean_adapted"])
        said.append(f"{row['n_contaminated']} contaminated, without them {clean} adapted")
    return said


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
