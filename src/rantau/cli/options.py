"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rantau.errors import SourceError
from rantau.machine import TRACKERS

F = TypeVar("F", bound=Callable[..., Any])

recipe_argument = click.argument("recipe_path", metavar="RECIPE", type=click.Path(path_type=Path))
name_argument = click.argument("name", required=False)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a field: --set adapter.rank=8."
)
profile_option = click.option("--profile", type=click.Choice(["better", "seed"]), help="Defaults of the switches.")
store_option = click.option(
    "--store", "store_path", type=click.Path(path_type=Path), default=Path("store"), envvar="RANTAU_STORE",
    show_default=True, help="Folder of the artefacts.",
)  # fmt: skip
runs_option = click.option(
    "--runs", "runs_path", type=click.Path(path_type=Path), default=Path("runs"), envvar="RANTAU_RUNS",
    show_default=True, help="Folder of the runs, for people.",
)  # fmt: skip
device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True,
    help="Where the model runs.",
)  # fmt: skip

workers_option = click.option("--workers", type=int, help="Processes for shards [default: the cores].")
cluster_option = click.option(
    "--cluster", metavar="ADDRESS", envvar="RANTAU_CLUSTER",
    help="Shards, and the --processes of training, on a Ray cluster: auto, or HOST:PORT of its head. "
    "Needs pip install 'rantau[ray]'.",
)  # fmt: skip
processes_option = click.option(
    "--processes", type=int, default=1, show_default=True,
    help="Processes that train a phase together, one for each GPU.",
)  # fmt: skip
parallel_option = click.option(
    "--parallel", type=click.Choice(["ddp", "fsdp"]), default="ddp", show_default=True,
    help="With --processes: each holds the whole base (ddp), or they share its layers out (fsdp).",
)  # fmt: skip

report_to_option = click.option(
    "--report-to", multiple=True, type=click.Choice(TRACKERS),
    envvar="RANTAU_REPORT_TO",
    help="Also show the training to this tracker; may be given more than once. Files in runs/<name>/trackers.",
)  # fmt: skip


server_option = click.option(
    "--server", metavar="URL", envvar="RANTAU_SERVER",
    help="OpenAI-compatible server that answers the prompts of a recipe with evaluation.prompts.engine: server.",
)  # fmt: skip
served_base_option = click.option(
    "--served-base", metavar="NAME", help="What the server calls the base model [default: model.base]."
)
served_adapted_option = click.option(
    "--served-adapted", metavar="NAME", help="What the server calls the adapted model [default: adapted]."
)


def run_folder(runs: Path, name: str | None) -> Path:
    """The folder of the named run, or of the latest one.

    Raises   SourceError if there is none, with the names that exist
    """
    found = sorted(runs.glob("*/run.json"), key=lambda p: p.stat().st_mtime)
    if name and (runs / name / "run.json").is_file():
        return runs / name
    names = ", ".join(sorted(p.parent.name for p in found))
    if not found:
        raise SourceError(f"{runs}: nothing has been run yet. Start with: rantau run recipes/demo.yaml")
    if name:
        raise SourceError(f"{runs}: no run named {name!r}. There are: {names}.")
    return found[-1].parent
