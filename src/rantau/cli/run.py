"""rantau run"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from rantau.cli.machine_file import machine_option
from rantau.cli.options import (  # fmt: skip
    as_json,
    cluster_option,
    device_option,
    parallel_option,
    processes_option,
    profile_option,
    recipe_argument,
    report_to_option,
    runs_option,
    served_adapted_option,
    served_base_option,
    server_option,
    set_option,
    store_option,
    workers_option,
)


@click.command("run", help="Run RECIPE from sources to export. Finished stages are kept; a stopped run continues.")
@recipe_argument
@set_option
@profile_option
@store_option
@runs_option
@machine_option
@device_option
@workers_option
@cluster_option
@processes_option
@parallel_option
@click.option("--micro-batch", type=int, help="Rows in one forward pass [default: the recipe's batch].")
@report_to_option
@server_option
@served_base_option
@served_adapted_option
@click.option("--quiet", is_flag=True, help="No progress.")
@as_json
def command(
    recipe_path: Path, overrides: tuple[str, ...], profile: str | None, store_path: Path, runs_path: Path,
    device: str, workers: int | None, cluster: str | None, processes: int, parallel: str,
    micro_batch: int | None, report_to: tuple[str, ...], server: str | None, served_base: str | None,
    served_adapted: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    from rantau.cli.estimate import check_claims
    from rantau.machine import detect
    from rantau.pipeline import stages_of
    from rantau.recipe import load_recipe
    from rantau.run.journal import write_journal
    from rantau.run.progress import Progress
    from rantau.run.runner import plan, run
    from rantau.run.store import Store
    from rantau.stages.evaluation.speakers.served import asks_server, check_server
    from rantau.stages.training.trackers import check_trackers, place_trackio

    recipe = load_recipe(recipe_path, overrides, profile=profile)
    machine = detect(
        device,  # type: ignore[arg-type]
        workers=workers, micro_batch=micro_batch, cluster=cluster, report_to=report_to, processes=processes,
        parallel=parallel,  # type: ignore[arg-type]
        server=server, served_base=served_base, served_adapted=served_adapted,
    )  # fmt: skip
    progress, folder = Progress(quiet=quiet), runs_path / recipe.name
    check_claims(recipe)
    check_trackers(machine.report_to)
    if "trackio" in machine.report_to:
        place_trackio(folder / "trackers")
    store, beside = Store(store_path), recipe_path.resolve().parent
    if asks_server(recipe) and machine.server is None:
        check_server(machine, [s.stage.name for s in plan(stages_of(recipe), recipe, beside, store) if not s.kept])
    outcomes = run(stages_of(recipe), recipe, beside, store, machine, progress, people=folder)
    write_journal(folder, recipe.model_dump(mode="json", by_alias=True), outcomes)
    if as_json:
        click.echo(json.dumps([{**asdict(o), "folder": str(o.folder)} for o in outcomes]))
        return
    if all(o.status == "kept" for o in outcomes):
        click.echo(
            f"nothing to do: all {len(outcomes)} stages are unchanged ({', '.join(o.stage for o in outcomes)})"
        )
    _tell(folder)


def _tell(folder: Path) -> None:
    from rantau.cli.table import before_after
    from rantau.run.journal import SHOWN, read_journal

    confidence = float(read_journal(folder)["recipe"]["evaluation"]["confidence"])
    click.echo("\n" + before_after(folder / "stages" / "compare", confidence=confidence) + "\n")
    for name, what in (*SHOWN, (f"{folder.name}.zip", "zip")):
        if (folder / name).exists():
            click.echo(f"{what:13s} {folder / name}")
    click.echo(f"\ntalk with it   rantau chat {folder.name}, or in a browser: rantau serve {folder.name}")
