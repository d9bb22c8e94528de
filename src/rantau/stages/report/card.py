"""The model card: hub metadata and Markdown, from recorded facts only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rantau.recipe import Recipe
from rantau.stages.report import precision, tables
from rantau.stages.report.facts import Facts, Running
from rantau.stages.report.limits import limits
from rantau.stages.report.markdown import as_markdown, escaped
from rantau.stages.report.recipe_text import yaml_of
from rantau.stages.report.usage import usage
from rantau.stages.report.verdict import metric_name, sentence


def render_card(facts: Facts, recipe: Recipe, running: Running) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Markdown, not HTML: what comes from outside is escaped by `escaped` and `as_markdown`.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters["escaped"] = escaped
    environment.filters["table"] = as_markdown
    environment.filters["duration"] = precision.duration
    return environment.get_template("card.md.jinja").render(
        metadata=yaml_of(metadata(facts, recipe)),
        facts=facts,
        recipe=recipe,
        verdict=sentence(facts),
        usage=usage(recipe),
        limits=limits(facts, recipe),
        tables=tables,
        running=running,
        device=device_line(running),
    )


def metadata(facts: Facts, recipe: Recipe) -> dict[str, Any]:
    """What a hub reads at the head of a card."""
    kinds = sorted({phase.kind for phase in recipe.phases})
    return {
        "base_model": recipe.model.base,
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "language": _codes(facts),
        "license": recipe.export.adapter_license,
        "tags": ["rantau", "lora", "language-adaptation", *kinds],
        "datasets": [_dataset(s.name, s.origin) for s in facts.sources if s.used],
        "model-index": [{"name": facts.name, "results": _model_index(facts)}],
    }


def _codes(facts: Facts) -> list[str]:
    """The target first, then the other languages that were trained on."""
    short = {facts.target.code: facts.target.short, facts.source.code: facts.source.short}
    codes = [facts.target.code, *(p.language for p in facts.composition)]
    return list(dict.fromkeys(short.get(code, code) for code in codes))


def _dataset(name: str, origin: str) -> str:
    return origin.removeprefix("hub:") if origin.startswith("hub:") else name


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
        {
            "task": {"type": "text-generation"},
            "dataset": {"name": f"{name}, held out", "type": name},
            "metrics": metrics,
        }
        for name, metrics in found.items()
    ]


def device_line(running: Running) -> str:
    """The hardware in words, as far as it was recorded."""
    machine, parts = running.machine, []
    devices = sorted({s.device for s in running.speeds})
    parts.append(f"device {', '.join(devices)}")
    for name, unit in (("processor", ""), ("cores", " cores"), ("memory_gib", " GiB memory"), ("system", "")):
        if name in machine:
            parts.append(f"{machine[name]}{unit}")
    return ", ".join(parts)
