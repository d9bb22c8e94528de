"""rantau data benchmarks, rantau data import-benchmarks"""

from __future__ import annotations

import json
from pathlib import Path

import click

from rantau.cli.options import as_json


@click.command("benchmarks", help="List the benchmarks that a recipe can name; --data DIR tells which are there.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder that import-benchmarks made: how many questions of each it holds.",
)  # fmt: skip
@as_json
def list_command(data: Path | None, as_json: bool) -> None:
    from rantau.cli.table import aligned
    from rantau.stages.evaluation.benchmarks.catalogue import catalogue
    from rantau.stages.evaluation.benchmarks.local import read_index

    index = read_index(data) if data else {}
    rows: list[dict[str, object]] = []
    for benchmark in catalogue().values():
        there = [index[task] for task in benchmark.tasks if task in index]
        rows.append({
            "name": benchmark.name, "title": benchmark.title, "language": benchmark.language,
            "shots": benchmark.shots, "metric": benchmark.metric, "chance": benchmark.chance,
            "tasks": list(benchmark.tasks), "source": benchmark.source, "hub": not benchmark.own,
            "questions": sum(t.questions for t in there) if data else None,
            "tasks_there": len(there) if data else None,
        })  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    head = ["name", "language", "tasks", "shots", "metric", "chance", *(["questions here"] if data else [])]
    click.echo(aligned([head, *(_cells(row, data is not None) for row in rows)], right=(2, 3, 5)))
    click.echo(
        "Any other task of lm-evaluation-harness may be named too. Shots are the leaderboard's: docs/harness.md"
    )


def _cells(row: dict[str, object], counted: bool) -> list[str]:
    chance = "-" if row["chance"] is None else f"{row['chance']:.2f}"
    tasks = len(row["tasks"]) if isinstance(row["tasks"], list) else 0
    cells = [row["name"], row["language"], tasks, row["shots"], row["metric"], chance]
    told = f"{row['questions']} in {row['tasks_there']} of {tasks}" if row["tasks_there"] else "none"
    return [str(cell) for cell in cells] + ([told] if counted else [])


@click.command(
    "import-benchmarks",
    help="Turn the benchmark files below DIR into a folder that a recipe names as evaluation.benchmark_data.",
)
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--to", "target", type=click.Path(path_type=Path, file_okay=False), default=Path("benchmarks"),
    show_default=True, help="Folder to write; tasks that it holds already stay.",
)  # fmt: skip
@as_json
def import_command(source: Path, target: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from rantau.stages.evaluation.benchmarks.importing import import_benchmarks

    told = import_benchmarks(source, target)
    if as_json:
        click.echo(json.dumps([asdict(t) for t in told], ensure_ascii=False, indent=1))
        return
    kept = [t for t in told if t.refused is None]
    for origin in dict.fromkeys(t.origin for t in kept):
        mine = [t for t in kept if t.origin == origin]
        names = ", ".join(t.task for t in mine[:4]) + (f" and {len(mine) - 4} more" if len(mine) > 4 else "")
        click.echo(f"{origin}: {names}: {sum(t.rows for t in mine):,} questions")
    for one in told:
        if one.refused:
            click.echo(f"refused {one.task} of {one.origin}: {one.refused}", err=True)
    click.echo(f"{len(kept)} tasks in {target}. In the recipe: evaluation.benchmark_data: {target}")
