"""What the documents say is so: commands exist, links lead somewhere, recipes load, the reference is fresh."""

import re
import shlex
from pathlib import Path

import click
import pytest

from rantau.cli.main import group
from rantau.recipe import load_corpus_recipe
from rantau.recipe.reference import reference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "recipes" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RECIPES = sorted((ROOT / "recipes").rglob("*.yaml"))


def commands() -> list[str]:
    blocks = [b for page in PAGES for b in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)]
    found = [m for block in blocks for m in re.findall(r"^(rantau [^\n#&|]+)", block, re.MULTILINE)]
    inline = [m for page in PAGES for m in re.findall(r"`(rantau [a-z]+(?: [^`]+)?)`", page.read_text())]
    return sorted({c.strip() for c in [*found, *inline] if "<" not in c and "..." not in c})


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_documents_parse(line: str) -> None:
    words = [w for w in shlex.split(line)[1:] if w != "|"]
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, line
    rest = words[1:]
    if isinstance(command, click.Group) and rest:
        command, rest = command.commands[rest[0]], rest[1:]
    if rest:
        command.make_parser(click.Context(command)).parse_args(list(rest))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipes_load(path: Path) -> None:
    assert load_corpus_recipe(path).name == path.stem.replace(".", "-")  # a dot parts the keys of --set


def test_the_reference_is_fresh() -> None:
    assert (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8") == reference(), "run make docs"


def test_readme_fits_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 60
