"""Metadata: what a hub reads at the head of a card. Only what a hub can follow stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rantau.recipe import Recipe
from rantau.records import BenchmarkResult
from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.headline import whole_benchmarks
from rantau.stages.report.verdict import metric_name

# One name or owner/name, letters, digits, - _ and dots inside: what a hub takes for a repository.
HUB_ID = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


def metadata(facts: Facts, recipe: Recipe) -> dict[str, Any]:
    """Keys in the order of the hub's own cards; a base or a source that is on no hub is left to the text."""
    base = hub_model(recipe)
    datasets = list(dict.fromkeys(i for s in facts.sources if s.used and (i := hub_dataset(s.origin))))
    named = {"base_model": base, "base_model_relation": "adapter"} if base else {}
    return {
        **named,
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "language": language_codes(facts),
        "license": recipe.export.adapter_license,
        "tags": _tags(recipe),
        **({"datasets": datasets} if datasets else {}),
        "model-index": [{"name": facts.name, "results": _model_index(facts)}],
    }


def hub_model(recipe: Recipe) -> str | None:
    """The base's hub id; None for a file in a package, a local folder (which goes first) or a .gguf file."""
    base = recipe.model.base
    known = "/" in base and not base.endswith((".gguf", "/")) and HUB_ID.fullmatch(base)
    return base if known and base.count("/") == 1 and not Path(base).exists() else None


def hub_dataset(origin: str) -> str | None:
    """owner/name of a source that was read from a hub."""
    if not origin.startswith("hub:"):
        return None
    name = origin.removeprefix("hub:").partition("@")[0]
    return name if HUB_ID.fullmatch(name) else None


def language_codes(facts: Facts) -> list[str]:
    """The target first, then the other languages that were trained on: two letters where ISO 639-1 has them."""
    codes = [facts.target.code, *(p.language for p in facts.composition)]
    return list(dict.fromkeys(facts.short_codes.get(code, code) for code in codes))


def _tags(recipe: Recipe) -> list[str]:
    adapters = [recipe.adapter_of(phase) for phase in recipe.phases]
    told = {
        "lora": True,
        "dora": any(a.dora for a in adapters),
        "rslora": any(a.rslora for a in adapters),
        "loraplus": any(a.loraplus_ratio != 1 for a in adapters),
        "qlora": recipe.model.quantisation == "nf4",
    }
    kinds = sorted({phase.kind for phase in recipe.phases})
    return ["rantau", *(name for name, used in told.items() if used), "language-adaptation", *kinds]


def _model_index(facts: Facts) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for result in facts.results:
        adapted = result.of("adapted")
        if adapted and adapted.value is not None:
            row = {
                "type": result.metric,
                "name": f"{metric_name(result, facts)} ({precision.UNITS.get(result.unit, result.unit)})",
                "value": float(f"{precision.scaled(adapted.value, result.unit):.6g}"),
            }
            found.setdefault(result.name, []).append(row)
    return [
        *(
            {
                "task": {"type": "text-generation"},
                "dataset": {"name": f"{name}, held out", "type": name},
                "metrics": metrics,
            }
            for name, metrics in found.items()
        ),
        *(_benchmark(facts, row) for row in whole_benchmarks(facts.benchmarks)),
    ]


def _benchmark(facts: Facts, row: BenchmarkResult) -> dict[str, Any]:
    """One benchmark in per cent; the name says shots, and that nothing was shown where it is at chance."""
    told = f"{row.metric}, {row.shots}-shot (%)" + (", at chance" if row.at_chance_adapted else "")
    language = facts.short_codes.get(row.language, row.language)
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": f"{row.task} ({language})", "type": row.benchmark},
        "metrics": [{"type": row.metric, "name": told, "value": float(f"{100 * row.adapted.value:.6g}")}],
    }
