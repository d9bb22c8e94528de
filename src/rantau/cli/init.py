"""rantau init"""

from __future__ import annotations

from pathlib import Path

import click

from rantau.errors import RecipeError


@click.command("init", help="Write a commented recipe for LANGUAGE (ISO 639-3: ind, kor, jav, sun, min).")
@click.argument("language")
@click.option("--out", type=click.Path(path_type=Path), help="File to write [default: <language>.yaml].")
@click.option("--base", help="Base model: hub id, folder, .gguf file or package:<module>/<file>.")
def command(language: str, out: Path | None, base: str | None) -> None:
    from rantau import files
    from rantau.language import load_profile
    from rantau.recipe.example import commented, example_recipe

    profile = load_profile(language)
    target = out or Path(f"{language}.yaml")
    if target.exists():
        raise RecipeError(f"{target}: exists already. Name another file with --out.")
    files.write_text(target, commented(example_recipe(profile.code, base=base)))
    click.echo(f"{target}\nput your text where `path:` says, then: rantau check {target} && rantau plan {target}")
