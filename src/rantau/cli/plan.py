"""rantau plan"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rantau.cli.options import as_json, profile_option, recipe_argument, set_option, store_option


@click.command("plan", help="Tell what a run of RECIPE would do and why, its parameters, steps, memory and time.")
@recipe_argument
@set_option
@profile_option
@store_option
@as_json
def command(
    recipe_path: Path, overrides: tuple[str, ...], profile: str | None, store_path: Path, as_json: bool
) -> None:
    from rantau.cli.estimate import estimate
    from rantau.cli.sample import plan_rows
    from rantau.errors import MachineError, SourceError
    from rantau.pipeline import stages_of
    from rantau.recipe import load_recipe
    from rantau.run.runner import plan
    from rantau.run.store import Store

    recipe = load_recipe(recipe_path, overrides, profile=profile)
    stages = stages_of(recipe)
    problem, steps = None, []
    try:
        steps = plan(stages, recipe, recipe_path.resolve().parent, Store(store_path))
        rows = [{"stage": s.stage.name, "kept": s.kept, "reason": s.reason} for s in steps]
    except (SourceError, MachineError) as error:
        problem = str(error)
        rows = [{"stage": s.name, "kept": False, "reason": "waits for what is missing"} for s in stages]
    formatted = next((s.folder for s in steps if s.stage.name == "format" and s.kept), None)
    facts = estimate(recipe, Store(store_path), formatted) | {"sampling": plan_rows(recipe)}
    if as_json:
        click.echo(json.dumps({"stages": rows, "missing": problem, **facts}, ensure_ascii=False))
        return
    _print(rows, problem, facts)


def _print(rows: list[dict[str, Any]], problem: str | None, facts: dict[str, Any]) -> None:
    from rantau.cli.sample import sampling_table
    from rantau.cli.table import aligned

    table = [["stage", "what", "why"]]
    table += [[r["stage"], "keep" if r["kept"] else "build", r["reason"]] for r in rows]
    click.echo(aligned(table))
    if problem:
        click.echo(f"\nmissing: {problem}")
    if facts["sampling"]:
        click.echo("\n" + sampling_table(facts["sampling"]))
    click.echo("\n" + "\n".join(_model_lines(facts["model"])))
    click.echo("\n" + aligned(_learning_table(facts["phases"]), right=(2, 3, 4, 5)))
    click.echo("\n" + aligned(_steps_table(facts["phases"]), right=tuple(range(1, 8))))
    click.echo(f"\nmemory: about {facts['memory_gib']:.1f} GiB (this machine has {facts['machine_gib']:.0f})")
    click.echo(f"training time: {facts['time']}")


def _model_lines(model: dict[str, Any]) -> list[str]:
    """The base, and the first phase's adapter module by module."""
    from rantau.cli.table import aligned

    own = f" with {model['adapter']} merged in" if model["adapter"] else ""
    return [
        f"{model['base']}{own}: {model['total']:,} parameters",
        f"trainable: {model['trainable']:,} ({model['trainable_share']:.2%}), "
        f"effective scale {model['effective_scale']:g}",
        aligned([[f"  {module}", f"{n:,}"] for module, n in model["by_module"].items()], right=(1,)),
    ]


def _learning_table(phases: list[dict[str, Any]]) -> list[list[str]]:
    table = [["phase", "kind", "trainable", "scale", "rate A", "rate B", "schedule", "optimiser"]]
    for p in phases:
        rates = [f"{p[k]:.6g}" for k in ("effective_scale", "rate_a", "rate_b")]
        table.append([p["phase"], p["kind"], f"{p['trainable']:,}", *rates, p["schedule"], p["optimiser"]])
    words = [p for p in phases if p["rate_new_words"] is not None]
    return [*table, *([p["phase"], "", "new words", "", f"{p['rate_new_words']:.6g}", "", "", ""] for p in words)]


def _steps_table(phases: list[dict[str, Any]]) -> list[list[str]]:
    """Tokens a step are the mean where rows are known, else the most that the recipe allows."""
    table = [["phase", "tokens", "rows", "epochs", "rows a step", "tokens a step", "steps", "GiB"]]
    for p in phases:
        steps = _count(p["steps"]) if p["steps"] else f">= {p['steps_at_least']:,}" if p["steps_at_least"] else "?"
        a_step = _count(p["tokens_per_step"]) if p["tokens_per_step"] else f"<= {p['max_tokens_per_step']:,}"
        sizes = [_count(p["tokens"]), _count(p["rows"]), f"{p['epochs']:g}", f"{p['batch_size']:,}"]
        table.append([p["phase"], *sizes, a_step, steps, f"{p['memory_gib']:.1f}"])
    return table


def _count(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"
