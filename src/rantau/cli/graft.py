"""rantau graft"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rantau.cli.machine_file import machine_option
from rantau.cli.options import device_option, name_argument, run_folder, runs_option
from rantau.errors import RecipeError

HELP = (
    "Put the adapter of run NAME (default: the latest) on a sibling of its base, such as the instruct model: a "
    "folder that PEFT loads on the sibling, with the sibling's tokenizer and template."
)


@click.command("graft", help=HELP)
@name_argument
@click.option("--onto", required=True, metavar="MODEL", help="The sibling: hub id, local folder, or .gguf file.")
@click.option("--revision", help="Commit, tag or branch of a sibling on the hub.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="New folder.")
@click.option("--scale", type=click.FloatRange(0, 10, min_open=True), default=1.0, show_default=True,
              help="Below 1: a weaker adapter.")  # fmt: skip
@click.option("--merged", is_flag=True, help="The sibling with the adapter added in, instead of the adapter.")
@click.option("--quiet", is_flag=True, help="No progress.")
@runs_option
@machine_option
@device_option
def command(
    name: str | None, onto: str, revision: str | None, target: Path, scale: float, merged: bool, quiet: bool,
    runs_path: Path, device: Any,
) -> None:  # fmt: skip
    from rantau.machine import detect
    from rantau.recipe import Model, Recipe
    from rantau.run.journal import read_journal
    from rantau.run.progress import Progress
    from rantau.stages.export.graft import graft
    from rantau.stages.export.parcel import room_named

    if target.exists():
        raise RecipeError(f"--to {target}: exists already. Name a new folder.")
    run = run_folder(runs_path, name)
    recipe = Recipe.model_validate(read_journal(run)["recipe"])
    adapter = run / "stages" / f"train-{recipe.phases[-1].name}" / "adapter"
    sibling = Model(base=onto, revision=revision, dtype=recipe.model.dtype)
    with room_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        facts = graft(
            adapter, run.name, recipe.model, sibling, target, scale=scale, merged=merged, machine=detect(device),
            progress=Progress(quiet=quiet),
        )  # fmt: skip
    click.echo(f"{facts.run} ({facts.modules} modules, rank {facts.rank}) on {facts.onto}, not measured", err=True)
    click.echo(str(target))
