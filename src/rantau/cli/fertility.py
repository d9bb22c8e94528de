"""rantau data fertility"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from rantau.cli.options import as_json, recipe_argument, set_option

if TYPE_CHECKING:
    from rantau.records import Document
    from rantau.stages.formatting.vocabulary.comparison import Compared

UNSEEN_SHARE = 0.2
WIDTH = 80


@click.command(
    "fertility",
    help="Count what the sources of RECIPE cost in tokens, tokenizer by tokenizer, and what new words would save.",
)
@recipe_argument
@set_option
@click.option(
    "--tokenizer",
    "tokenizers",
    multiple=True,
    metavar="BASE|FOLDER",
    help="As model.base, or a folder with tokenizer.json; may be repeated [default: the recipe's base].",
)
@click.option(
    "-n", "n_documents", type=click.IntRange(2), default=2000, show_default=True, help="Rows of each source."
)
@as_json
def command(
    recipe_path: Path, overrides: tuple[str, ...], tokenizers: tuple[str, ...], n_documents: int, as_json: bool
) -> None:  # fmt: skip
    from rantau.model.tokenizer import load_tokenizer, open_tokenizer
    from rantau.recipe import load_recipe
    from rantau.stages.formatting.vocabulary.comparison import compare
    from rantau.stages.sources.stage import peek

    recipe = load_recipe(recipe_path, overrides)
    documents = [d for s in recipe.sources for d in peek(s, recipe_path.resolve().parent, n_documents)]
    learnt, unseen = _sides(documents, recipe.seed)
    opened = [open_tokenizer(place) for place in tokenizers] or [load_tokenizer(recipe.model)]
    language = recipe.language
    found = [compare(t, learnt, unseen, target=language.target, source=language.source) for t in opened]
    if as_json:
        told = [{**asdict(c), "advice": c.advice(language.target)} for c in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for compared in found:
        click.echo(_table(compared, language.source))
        click.echo(fill(compared.advice(language.target), WIDTH))
        click.echo()
    click.echo(fill(_legend(language.source), WIDTH))


def _sides(documents: Sequence[Document], seed: int) -> tuple[list[Document], list[Document]]:
    """Documents to learn words from, and unseen ones: a fifth of the groups, with what a run would hold out."""
    from rantau.stages.sources.split import is_held_out

    held = [is_held_out(seed, d.source, d.group, UNSEEN_SHARE) for d in documents]
    return [d for d, out in zip(documents, held, strict=True) if not out], [
        d for d, out in zip(documents, held, strict=True) if out
    ]


def _table(compared: Compared, source: str) -> str:
    """The tokenizer on a line of its own, and a row for each source: as wide as the names of sources ask for."""
    from rantau.cli.table import aligned

    rows = [["source", "language", "tokens/word", "/byte", f"x {source}", "1-byte", "whole words", "rows"]]
    for row in compared.rows:
        ratios = [_number(row[key]) for key in ("tokens_per_word", "tokens_per_byte", "against_source_language")]
        shares = [_percent(row[key]) for key in ("single_byte_share", "one_token_share")]
        rows.append([row["source"], row["language"], *ratios, *shares, f"{row['n_documents']:,}"])
    return f"{compared.name} ({compared.n_tokens:,} entries)\n{aligned(rows, right=range(2, 8))}"


def _legend(source: str) -> str:
    return (
        f"x {source}: tokens per byte over those of all rows in {source}, which are other texts. 1-byte: tokens "
        "that stand for one byte, commas and full stops too. whole words: running words that are one token after "
        "a space."
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
