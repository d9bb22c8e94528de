"""rantau show"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rantau.cli.options import as_json, name_argument, run_folder, runs_option
from rantau.errors import StoreError


@click.command("show", help="Show the results of run NAME (default: the latest).")
@name_argument
@runs_option
@click.option("--verify", is_flag=True, help="Recompute the hash of every file of every stage.")
@click.option(
    "--live", is_flag=True, help="Follow the run that is going on, step by step of its trainings, until it ends."
)
@click.option(
    "--compare", "two", nargs=2, metavar="A B",
    help="Two runs side by side, over the items that both were measured on. A trial of a study is "
    "<study>/trials/<trial>.",
)  # fmt: skip
@as_json
def command(
    name: str | None, runs_path: Path, verify: bool, live: bool, two: tuple[str, str] | None, as_json: bool
) -> None:
    from rantau.cli.benchmark_table import benchmark_rows, benchmark_table
    from rantau.cli.table import aligned, before_after
    from rantau.run.journal import read_journal

    if two:
        from rantau.cli.compare import show_two

        if name or verify or live:
            raise click.UsageError("--compare A B stands alone: leave out NAME, --verify and --live.")

        show_two(*(run_folder(runs_path, one) for one in two), as_json=as_json)
        return
    if live:
        _follow(runs_path, name, as_json=as_json)
        return
    folder = run_folder(runs_path, name)
    journal = read_journal(folder)
    if verify:
        _verify(folder, journal)
    if as_json:
        scores = json.loads((folder / "stages/compare/scores.json").read_text(encoding="utf-8"))
        asked = {"benchmarks": found} if (found := benchmark_rows(folder)) else {}
        click.echo(json.dumps({**journal, "scores": scores, **asked}, ensure_ascii=False))
        return
    rows = [["stage", "digest", "seconds"]]
    rows += [[s["stage"], s["digest"][:16], _seconds(folder, s["stage"])] for s in journal["stages"]]
    confidence = float(journal["recipe"]["evaluation"]["confidence"])
    scores_table = before_after(folder / "stages/compare", confidence=confidence)
    click.echo(f"run {folder.name}\n\n{aligned(rows, right=(2,))}\n\n{scores_table}")
    if found := benchmark_rows(folder):
        click.echo(f"\n{benchmark_table(found, confidence=confidence)}")


def _follow(runs: Path, name: str | None, *, as_json: bool) -> None:
    import sys

    from rantau.cli.live import JsonLines, OneLine, PlainLines, follow, live_folder

    folder = live_folder(runs, name)
    screen = JsonLines() if as_json else OneLine() if sys.stdout.isatty() else PlainLines()
    follow(folder, screen)


def _seconds(folder: Path, stage: str) -> str:
    from rantau.run.manifest import Manifest

    return f"{Manifest.read(folder / 'stages' / stage).provenance['wall_s']:.1f}"


def _verify(folder: Path, journal: dict[str, Any]) -> None:
    from rantau.run.manifest import damage

    problems = [
        f"{s['stage']}: {line}" for s in journal["stages"] for line in damage(folder / "stages" / s["stage"])
    ]
    if problems:
        raise StoreError(
            "\n".join(problems) + "\nDelete the damaged stages from the store and run again: they are rebuilt."
        )
    click.echo(f"verified: every file of {len(journal['stages'])} stages is as its manifest says", err=True)
