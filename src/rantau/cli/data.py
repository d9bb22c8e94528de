"""rantau data"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from rantau.cli.benchmarks import import_command, list_command
from rantau.cli.fertility import command as fertility_command
from rantau.cli.machine_file import machine_option
from rantau.cli.options import (  # fmt: skip
    as_json,
    cluster_option,
    name_argument,
    profile_option,
    recipe_argument,
    run_folder,
    runs_option,
    set_option,
    store_option,
)
from rantau.errors import RecipeError


@click.group(
    "data",
    help="The data: `sample` a corpus, `peek` as it is read, `preview` as it is learnt; `fertility` in tokens; "
    "`benchmarks` that a recipe can name.",
)
def command() -> None:
    pass


command.add_command(fertility_command)
command.add_command(list_command)
command.add_command(import_command)


@command.command("peek", help="Show the first rows of a SOURCE of RECIPE, as rantau reads them.")
@recipe_argument
@click.argument("source")
@set_option
@click.option("-n", "n_rows", type=click.IntRange(1), default=5, show_default=True, help="Rows.")
@as_json
def peek_command(recipe_path: Path, source: str, overrides: tuple[str, ...], n_rows: int, as_json: bool) -> None:
    from rantau.recipe import load_recipe
    from rantau.stages.sources.stage import peek

    recipe = load_recipe(recipe_path, overrides)
    found = next((s for s in recipe.sources if s.name == source), None)
    if found is None:
        raise RecipeError(f"no source named {source!r}. There are: {', '.join(s.name for s in recipe.sources)}.")
    for document in peek(found, recipe_path.resolve().parent, n_rows):
        if as_json:
            click.echo(json.dumps(document.to_row(), ensure_ascii=False))
        else:
            click.echo(f"--- {document.id}  {document.language}  {document.license}\n{document.content}")


@command.command("sample", help="Clean the sources of RECIPE and draw its sample; a page shows it.")
@recipe_argument
@set_option
@profile_option
@store_option
@runs_option
@machine_option
@cluster_option
@click.option("--workers", type=int, help="Processes for shards [default: the cores].")
@click.option("--plan", "only_plan", is_flag=True, help="Print the steps and their sizes; do nothing.")
@click.option("--population", type=click.IntRange(1), help="With --plan: rows that the sources have.")
@click.option("--quiet", is_flag=True, help="No progress.")
@as_json
def sample_command(
    recipe_path: Path, overrides: tuple[str, ...], profile: str | None, store_path: Path, runs_path: Path,
    cluster: str | None, workers: int | None, only_plan: bool, population: int | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    from rantau.cli.sample import print_plan, print_sample, run_sample
    from rantau.recipe import load_corpus_recipe

    recipe = load_corpus_recipe(recipe_path, overrides, profile=profile)
    if only_plan:
        print_plan(recipe, population, as_json=as_json)
        return
    outcomes = run_sample(
        recipe, recipe_path.resolve().parent, store_path, runs_path,
        workers=workers, cluster=cluster, quiet=quiet,
    )  # fmt: skip
    print_sample(runs_path / recipe.name, outcomes, as_json=as_json)


@command.command("preview", help="Show formatted rows of run NAME; the tokens that are learnt are coloured.")
@name_argument
@runs_option
@click.option("--phase", help="Phase [default: the last].")
@click.option("-n", "n_rows", type=click.IntRange(1), default=3, show_default=True, help="Rows.")
@click.option("--colour/--no-colour", default=None, help="Colours [default: on a terminal].")
def preview_command(
    name: str | None, runs_path: Path, phase: str | None, n_rows: int, colour: bool | None
) -> None:
    from itertools import islice

    from rantau import files
    from rantau.model.tokenizer import load_tokenizer
    from rantau.recipe import Recipe
    from rantau.run.journal import read_journal
    from rantau.stages.formatting.preview import preview

    folder = run_folder(runs_path, name)
    recipe = Recipe.model_validate(read_journal(folder)["recipe"])
    names = [p.name for p in recipe.phases]
    if phase and phase not in names:
        raise RecipeError(f"no phase named {phase!r}. There are: {', '.join(names)}.")
    rows = islice(files.read_parquet(folder / "stages/format" / f"{phase or names[-1]}.parquet"), n_rows)
    coloured = sys.stdout.isatty() if colour is None else colour
    words = folder / "stages/vocabulary" if recipe.vocabulary.extend else None
    for text in preview(rows, load_tokenizer(recipe.model, vocabulary=words), colour=coloured):
        click.echo(text)
