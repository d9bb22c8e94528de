"""rantau export"""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from rantau.cli.options import name_argument, run_folder, runs_option
from rantau.errors import RecipeError, SourceError


@click.command("export", help="Copy the bundle (or the merged model) of run NAME to a folder or a .zip file.")
@name_argument
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="New folder, or a .zip file.")
@click.option("--merged", is_flag=True, help="The merged model instead of the adapter.")
@runs_option
def command(name: str | None, target: Path, merged: bool, runs_path: Path) -> None:
    source = run_folder(runs_path, name) / ("merged" if merged else "bundle")
    if not source.exists():
        raise SourceError(f"{source}: the run has none. Set export.merged: true in the recipe and run again.")
    if target.exists():
        raise RecipeError(f"--to {target}: exists already. Name a new folder or file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".zip":
        shutil.make_archive(str(target.with_suffix("")), "zip", source)
    else:
        shutil.copytree(source, target)
    click.echo(str(target))
