"""rantau check"""

from __future__ import annotations

import json
from pathlib import Path

import click

from rantau.cli.options import profile_option, recipe_argument, set_option


@click.command("check", help="Check RECIPE and the files that it names; print what is wrong, or that all is well.")
@recipe_argument
@set_option
@profile_option
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes instead (RECIPE is not read).")
def command(recipe_path: Path, overrides: tuple[str, ...], profile: str | None, schema: bool) -> None:
    from rantau.recipe import Recipe, load_recipe

    if schema:
        click.echo(json.dumps(Recipe.model_json_schema(by_alias=True), indent=1))
        return
    from rantau.cli.estimate import check_claims
    from rantau.language import load_profile
    from rantau.pipeline import stages_of

    recipe = load_recipe(recipe_path, overrides, profile=profile)
    for code in {recipe.language.target, recipe.language.source}:
        load_profile(code)
    for stage in stages_of(recipe):
        if stage.fingerprint:
            stage.fingerprint(recipe, recipe_path.resolve().parent)
    check_claims(recipe)
    click.echo(
        f"{recipe_path}: well. {len(recipe.sources)} sources, {len(recipe.phases)} phases, {recipe.model.base}"
    )
