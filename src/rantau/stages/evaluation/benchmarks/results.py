"""From the questions of both systems to the rows of benchmarks.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rantau.errors import MeasureError
from rantau.records import BenchmarkResult, Estimate
from rantau.stages.evaluation.benchmarks.asking import Told, Wanted
from rantau.stages.evaluation.benchmarks.figures import Measured, Options, Pair, measure
from rantau.stats import holm


@dataclass(frozen=True, slots=True)
class Compared:
    """One task as both systems answered it. contaminated: rows that the training text holds; None: not looked"""

    wanted: Wanted
    base: Told
    adapted: Told
    contaminated: frozenset[int] | None = None

    @property
    def pair(self) -> Pair:
        clusters = [q.cluster or f"{self.wanted.name} {q.number}" for q in self.base.questions]
        return Pair(self.base.questions, self.adapted.questions, clusters)

    @property
    def clean(self) -> list[bool] | None:
        marked = self.contaminated
        return None if marked is None else [q.row not in marked for q in self.base.questions]


def refuse_unlike(task: Compared) -> None:
    """Raises   MeasureError unless both systems were asked the same questions in the same words"""
    first, second = ([(q.number, q.prompt) for q in told.questions] for told in (task.base, task.adapted))
    if first != second or task.base.facts != task.adapted.facts:
        raise MeasureError(
            f"{task.wanted.benchmark.name}: {task.wanted.name}: the two systems were not asked the same. "
            "Remove both benchmark stages and run again."
        )


def results_of(tasks: Sequence[Compared], options: Options) -> list[BenchmarkResult]:
    """A row for each task, and one more for each benchmark of several; Holm over all of them."""
    groups: dict[str, list[Compared]] = {}
    for task in tasks:
        refuse_unlike(task)
        groups.setdefault(task.wanted.benchmark.name, []).append(task)
    rows = []
    for name, members in groups.items():
        rows += [_row([task], task.wanted.name, options) for task in members]
        if len(members) > 1:
            rows.append(_row(members, name, options))
    corrected = holm([row.p for row in rows])
    return [replace(row, p_holm=float(p)) for row, p in zip(rows, corrected, strict=True)]


def _row(tasks: Sequence[Compared], name: str, options: Options) -> BenchmarkResult:
    facts = tasks[0].base.facts
    pairs = [task.pair for task in tasks]
    measured = measure(pairs, facts["metric"], options)
    clean = _clean(tasks, facts["metric"], options)
    languages = {task.base.facts["language"] for task in tasks}
    return BenchmarkResult(
        benchmark=tasks[0].wanted.benchmark.name,
        task=name,
        language=languages.pop() if len(languages) == 1 else "mul",
        shots=facts["shots"],
        metric=facts["metric"],
        n=sum(len(p.clusters) for p in pairs),
        n_clusters=len({c for p in pairs for c in p.clusters}),
        n_contaminated=clean.n_contaminated,
        chance=measured.chance,
        base=measured.base,
        adapted=measured.adapted,
        change=measured.change,
        p=measured.p,
        p_holm=measured.p,
        resolvable=measured.resolvable,
        at_chance_base=at_chance(measured.base, measured.chance),
        at_chance_adapted=at_chance(measured.adapted, measured.chance),
        clean_n=clean.n,
        clean_base=clean.measured.base.value if clean.measured else None,
        clean_adapted=clean.measured.adapted.value if clean.measured else None,
        clean_change=clean.measured.change if clean.measured else None,
        signature=_signature(tasks, measured),
    )


def at_chance(estimate: Estimate, chance: float | None) -> bool | None:
    """Whether guessing explains it: the interval holds chance, or lies below."""
    return None if chance is None else estimate.low <= chance


@dataclass(frozen=True, slots=True)
class _Clean:
    n: int | None = None
    n_contaminated: int | None = None
    measured: Measured | None = None


def _clean(tasks: Sequence[Compared], metric: str, options: Options) -> _Clean:
    """The figure without the questions that the training text holds; nothing unless every task was looked at."""
    kept = [task.clean for task in tasks]
    if any(k is None for k in kept):
        return _Clean()
    marks = [k for k in kept if k is not None]
    n, n_contaminated = sum(sum(k) for k in marks), sum(len(k) - sum(k) for k in marks)
    pairs = [task.pair.only(k) for task, k in zip(tasks, marks, strict=True)]
    enough = all(len(set(p.clusters)) > 1 for p in pairs)
    return _Clean(n, n_contaminated, measure(pairs, metric, options) if enough else None)


def _signature(tasks: Sequence[Compared], measured: Measured) -> str:
    """Everything that must be equal for two scores to be compared."""
    facts = tasks[0].base.facts
    parts = [
        f"lm-eval {facts['harness']}",
        f"version {facts['version']}",
        f"{facts['shots']}-shot",
        str(facts["metric"]),
        "no chat template",
        _data(tasks),
        measured.method,
    ]
    if len(tasks) > 1:
        parts.insert(0, f"mean of {len(tasks)} tasks")
    elif (constant := _best_constant(tasks[0].base)) is not None:
        parts.append(f"always the same answer {constant:.3f}")
    notes = sorted({note for task in tasks for note in task.base.facts["notes"]})
    return " | ".join([*parts, *notes])


def _data(tasks: Sequence[Compared]) -> str:
    facts: Sequence[Mapping[str, Any]] = [task.base.facts for task in tasks]
    asked, there = sum(len(t.base.questions) for t in tasks), sum(f["of"] for f in facts)
    share = f" first {asked} of {there}" if asked < there else f" {there} questions"
    digests = sorted({str(f["data"])[:8] for f in facts if f["data"]})
    where = f"files {digests[0]}" if len(digests) == 1 else f"{len(digests)} sets of files"
    if not digests:
        where = f"hub {str(tasks[0].wanted.revision)[:8]}"
    return f"{where} {facts[0]['split']}{share}"


def _best_constant(told: Told) -> float | None:
    """Share that always giving the most frequent right answer gets; None where choices are texts of their own."""
    gold = [q.gold for q in told.questions]
    if told.facts["metric"] not in ("acc", "macro_f1") or any(g is None for g in gold):
        return None
    return Counter(gold).most_common(1)[0][1] / len(gold)
