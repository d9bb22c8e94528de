"""Names and numbers of a study's tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rantau.records import ArmFigure
from rantau.stages.report import precision

METRICS = {
    "bleu": "BLEU", "chrf++": "chrF++", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
    "weighted_f1": "weighted F1", "semantic_match": "semantic match", "exact_match": "exact match",
    "bits_per_byte": "bits per byte", "perplexity": "perplexity", "language_fidelity": "in the language",
}  # fmt: skip
FIELDS = {
    "adapter.rank": "r", "adapter.alpha": "α", "adapter.rslora": "rank-stabilised",
    "adapter.loraplus_ratio": "LoRA+ ratio", "adapter.targets": "targets", "adapter.dora": "DoRA",
    "schedule": "scheduler", "learning_rate": "initial rate", "epochs": "epochs", "cycles": "cycles",
    "batch_size": "batch", "tokens": "tokens", "loss_on": "loss on", "base": "base",
}  # fmt: skip
RULES = {
    "best": "the best mean of {figures}",
    "mean_rank": "the least mean rank over {figures}",
    "gain_over_sd": "the least mean rank over {figures}, ranked by the gain over the base model divided by the "
    "standard deviation between runs",
}
NOTHING = precision.NOTHING


def rule_words(chosen: Mapping[str, Any]) -> str:
    """What the chosen arm has that others have not."""
    return RULES[chosen["rule"]].format(figures=listed([metric_name(name) for name in chosen["figures"]]))


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def metric_name(metric: str) -> str:
    """With several encoders the name of one follows its metric after a colon."""
    stem, _, encoder = metric.partition(":")
    name = METRICS.get(stem, stem.replace("_", " "))
    return f"{name}, {encoder}" if encoder else name


def label_of(key: tuple[str, str], keys: list[tuple[str, str]]) -> str:
    """The metric, and what it was measured on where that is not said by the metric alone."""
    several = sum(metric == key[0] for metric, _ in keys) > 1
    return f"{metric_name(key[0])}, {key[1]}" if several else metric_name(key[0])


def field_name(path: str) -> str:
    """phases.sft.learning_rate -> initial rate; a field without a name of its own keeps its path."""
    return FIELDS.get(path) or FIELDS.get(path.rpartition(".")[2]) or path


def plain(value: float | None, unit: str, *, sign: str = " %") -> str:
    """sign: after a share"""
    if value is None:
        return NOTHING
    shown = precision.scaled(value, unit)
    digits = 2 if unit == "points" else precision.digits_of(unit, shown)
    return precision.number(shown, digits) + (sign if unit in precision.PERCENT else "")


def with_spread(figure: ArmFigure | None) -> str:
    """The mean, and after ± the standard deviation between runs: 52.35 ± 3.72."""
    if figure is None or figure.value is None:
        return NOTHING
    if figure.spread is None:
        return plain(figure.value, figure.unit)
    return f"{plain(figure.value, figure.unit, sign='')} ± {plain(figure.spread, figure.unit)}"


def interval(low: float | None, high: float | None, unit: str, *, sign: bool = False) -> str:
    if low is None or high is None:
        return ""
    ends = (precision.scaled(low, unit), precision.scaled(high, unit))
    digits = 1 if unit in precision.PERCENT else 3 if unit == "bits/byte" else 2
    write = precision.signed if sign else precision.number
    return f"[{write(ends[0], digits)}, {write(ends[1], digits)}]"


def change(row: Mapping[str, Any]) -> str:
    shown = precision.scaled(row["value"], row["unit"])
    unit = {"relative": " %", "share": " percentage points", "points": " points"}.get(row["unit"], "")
    return precision.signed(shown, 1 if row["unit"] in precision.PERCENT else 2) + unit


def p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def setting(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(setting(v) if not isinstance(v, Mapping) else str(v.get("name", "…")) for v in value)
    return str(value)
