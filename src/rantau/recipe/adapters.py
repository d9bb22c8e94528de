"""Whether the adapters of a recipe's phases fit the base, and one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rantau.recipe.training import Adapter, Model, Phase


def adapter_problems(model: Model, phases: Sequence[Phase], adapters: Sequence[Adapter]) -> Iterator[str]:
    """adapters: that of each phase, its own or the recipe's"""
    if model.quantisation != "nf4" and not model.double_quantisation:
        yield f"model.double_quantisation: false needs quantisation: nf4, got {model.quantisation}"
    for number, (phase, adapter) in enumerate(zip(phases, adapters, strict=True)):
        where = f"phases.{phase.name}"
        yield from _on_base(where, model, adapter)
        if number == 0 and phase.previous_adapter == "merge":
            yield f"{where}.previous_adapter: merge, but there is no phase before it"
        elif phase.previous_adapter == "merge":
            yield from _on_others(where, adapter, adapters[:number])
        elif number and adapter != adapters[number - 1]:
            yield f"{where}.adapter differs from that of the phase before; write previous_adapter: merge"


def _on_base(where: str, model: Model, adapter: Adapter) -> Iterator[str]:
    if adapter.init == "pissa" and model.quantisation != "none":
        yield f"{where}: init: pissa needs model.quantisation: none, got {model.quantisation}"
    if adapter.init == "loftq" and model.quantisation != "nf4":
        yield f"{where}: init: loftq needs model.quantisation: nf4, got {model.quantisation}"


def _on_others(where: str, adapter: Adapter, before: Sequence[Adapter]) -> Iterator[str]:
    if adapter.dora or before[-1].dora:
        yield f"{where}.previous_adapter: merge cannot be joined with dora: true"
    if adapter.init == "loftq" and any(other.init == "loftq" for other in before):
        yield (
            f"{where}: init: loftq, but an adapter before it holds what the base lost already; give the phase an "
            "adapter of its own with init: zero"
        )
