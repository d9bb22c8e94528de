"""Tables of what learns: adapters, what all phases share, and the switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rantau.recipe import Adapter, Phase, Recipe, switch_table
from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.precision import percent
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import ENGLISH


def adapter(facts: Facts, recipe: Recipe) -> Table:
    """One column if all phases learn one adapter, and then what they share too; else one column a phase."""
    every = list(zip(recipe.phases, map(recipe.adapter_of, recipe.phases), facts.phases, strict=True))
    if is_one_adapter(recipe):
        rows = [(name, told(*every[-1])) for name, told in _ADAPTER_ROWS]
        return table_of(
            "The adapter, and what all phases share.", "setting|value", [*rows, *_shared(facts, recipe)]
        )
    lineage = [ENGLISH(f"lineage.{p.previous_adapter if n else 'first'}") for n, p in enumerate(recipe.phases)]
    rows_of_phases = [["begins as", *lineage]]
    rows_of_phases += [[name, *(told(*one) for one in every)] for name, told in _ADAPTER_ROWS]
    return table_of("The adapters.", "|".join(["setting", *(p.name for p in recipe.phases)]), rows_of_phases)


def is_one_adapter(recipe: Recipe) -> bool:
    """Whether all phases learn on with the adapter of the first."""
    return all(phase.previous_adapter == "continue" for phase in recipe.phases[1:])


def shared(facts: Facts, recipe: Recipe) -> Table | None:
    """What all phases share, where the table of adapters has no room for it."""
    if is_one_adapter(recipe):
        return None
    return table_of("What all phases share.", "setting|value", _shared(facts, recipe))


_ADAPTER_ROWS: tuple[tuple[str, Callable[[Phase, Adapter, PhaseFacts], str]], ...] = (
    ("kind", lambda p, a, f: _kind(a)),
    ("initial weights", lambda p, a, f: ENGLISH(f"init.{a.init}")),
    ("rank", lambda p, a, f: f"{a.rank}"),
    ("alpha", lambda p, a, f: f"{a.alpha}"),
    ("effective scale", lambda p, a, f: f"{f.effective_scale:.4g}"),
    ("learning rate of B over that of A", lambda p, a, f: f"{a.loraplus_ratio:g}"),
    ("dropout", lambda p, a, f: f"{a.dropout:g}"),
    ("target modules", lambda p, a, f: a.targets if isinstance(a.targets, str) else ", ".join(a.targets)),
    ("layers", lambda p, a, f: "all" if a.layers is None else ", ".join(map(str, a.layers))),
    (
        "trainable parameters",
        lambda p, a, f: f"{f.trainable:,} of {f.total:,} ({percent(f.trainable / f.total, 2)})",
    ),
)


def _kind(a: Adapter) -> str:
    name = "DoRA" if a.dora else "LoRA"
    return name + (", rsLoRA scale" if a.rslora else "") + (", LoRA+ rates" if a.loraplus_ratio != 1 else "")


def _shared(facts: Facts, recipe: Recipe) -> Sequence[tuple[str, str]]:
    model = recipe.model
    twice = model.quantisation == "nf4" and model.double_quantisation
    rows = [
        ("frozen weights", f"{model.dtype}, quantisation {model.quantisation}{', scales too' if twice else ''}"),
        ("chat template", "the base model's own" if facts.template == "own" else facts.template),
        ("system prompt", recipe.formatting.system_prompt or "none"),
        ("seed", f"{recipe.seed}" + (f", repetition {recipe.repeat}" if recipe.repeat else "")),
    ]
    if model.adapter:
        rows.insert(0, ("merged into the base first", model.adapter))
    return rows


def switches(recipe: Recipe) -> Table:
    """Only choices that some phase really made: the recipe's adapter is not told if every phase has its own."""
    rows = (
        (Cell(r["name"], r["path"]), r["here"], r["seed"], r["better"], r["side"], r["why"])
        for r in [*_common(recipe), *_own_adapters(recipe)]
    )
    return table_of(
        "Switches: where this recipe stands between the seeds' way and better practice.",
        "switch|here|seed|better|side|why",
        rows,
    )


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
