"""Results: the rows of scores.json, one result for each metric and what it was measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rantau.records import Score

Effect = Literal["better", "worse", "unclear", "described", "untold"]


@dataclass(frozen=True, slots=True)
class Result:
    """One metric on one text or set of prompts, for all systems. better: lower, higher or neither"""

    metric: str
    name: str
    unit: str
    better: str
    scores: tuple[Score, ...]

    def of(self, system: str) -> Score | None:
        return next((s for s in self.scores if s.system == system), None)

    @property
    def is_part(self) -> bool:
        """Whether it was measured on a part, "text/value" or "task/kind": the whole has a result of its own."""
        return "/" in self.name

    @property
    def n(self) -> int:
        return self.scores[0].n

    @property
    def effect(self) -> Effect | None:
        """What the change amounts to; None if no change was measured."""
        change = self.of("change")
        if change is None:
            return None
        if change.told is None:
            return "untold"
        _, low, high = change.told
        if low <= 0.0 <= high:
            return "unclear"
        if self.better not in ("lower", "higher"):
            return "described"
        return "better" if (low > 0.0) == (self.better == "higher") else "worse"

    @property
    def signature(self) -> str:
        """How it was computed; the kinds of interval, each with the systems it was used for, at the end."""
        plain = self.scores[0].signature.partition("|interval:")[0]
        kinds: dict[str, list[str]] = {}
        for score in self.scores:
            kinds.setdefault(score.signature.partition("|interval:")[2], []).append(score.system)
        named = [f"interval:{kind} ({', '.join(systems)})" for kind, systems in kinds.items() if kind]
        return "|".join([plain, *named])


def results_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Result, ...]:
    """Results in the order of their first row."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["metric"], row["name"]), []).append(row)
    return tuple(
        Result(metric, name, _unit(group), group[0]["better"], tuple(Score(**row) for row in group))
        for (metric, name), group in grouped.items()
    )


def _unit(rows: list[Mapping[str, Any]]) -> str:
    """Of the plain values; the change may be relative."""
    return str(next((r["unit"] for r in rows if r["system"] != "change"), rows[0]["unit"]))
