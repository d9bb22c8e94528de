"""The switch table: where each choice of the recipe stands between the seeds' way and better practice."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from rantau.recipe import Recipe, switch_table
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import SOURCE_LANGUAGE, Wording


def switches(recipe: Recipe, words: Wording) -> Table:
    """Only choices that some phase really made: the recipe's adapter is not told if every phase has its own."""
    known = names_of(words.language)
    rows: list[tuple[Cell | str, ...]] = []
    for r in [*_common(recipe), *_own_adapters(recipe)]:
        name, why = known.get(r["name"], (r["name"], r["why"]))
        side = words(f"side.{r['side']}")
        rows.append(
            (Cell(name, r["path"]), *(Cell(r[k], code=True) for k in ("here", "seed", "better")), side, why)
        )
    return table_of(words("switches.caption"), words("switches.columns"), rows)


@lru_cache(maxsize=8)
def names_of(language: str) -> dict[str, tuple[str, str]]:
    """English name of a switch -> its name and reason in a language; in English the recipe's own words stand."""
    if language == SOURCE_LANGUAGE:
        return {}
    from ruamel.yaml import YAML

    file = resources.files("rantau.stages.report") / f"words/switches/{language}.yaml"
    loaded = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    return {name: (row["name"], row["why"]) for name, row in loaded.items()}


def _common(recipe: Recipe) -> list[dict[str, str]]:
    used = any(phase.adapter is None for phase in recipe.phases)
    return [r for r in switch_table(recipe) if used or not r["path"].startswith("adapter.")]


def _own_adapters(recipe: Recipe) -> list[dict[str, str]]:
    return [
        {**r, "path": f"phases.{phase.name}.{r['path']}"}
        for phase in recipe.phases
        if phase.adapter is not None
        for r in switch_table(recipe.model_copy(update={"adapter": phase.adapter}))
        if r["path"].startswith("adapter.")
    ]
