"""One question of a benchmark as one system answered it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rantau import files
from rantau.errors import MeasureError
from rantau.stages.evaluation.benchmarks.catalogue import Benchmark
from rantau.stages.evaluation.benchmarks.importing import ROW


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what became of it.

    number   its place in the task, from 0; row: in the imported file, None for data of a hub
    prompt   hashes of what the model was asked, examples and all, and of the right answer, as the harness has them
    value    of the benchmark's metric: 1 right, 0 wrong, or a share of the probability
    gold, predicted   number of the choice; None where there is no one choice
    chance   what a uniform guess gets; None where the answer is generated
    cluster  questions of the same value stand or fall together; None = alone
    """

    number: int
    row: int | None
    prompt: str
    value: float
    gold: int | None
    predicted: int | None
    chance: float | None
    cluster: str | None


def question_of(sample: Mapping[str, Any], benchmark: Benchmark) -> Question:
    """From the harness's record of a question.

    Raises   MeasureError if it lacks the benchmark's metric
    """
    doc = sample["doc"]
    choices = [str(a[1]) for a in sample["arguments"]] if len(sample["arguments"]) > 1 else []
    one_right = len(set(choices)) > 1 and benchmark.metric != "mc2"
    gold = _gold(sample["target"], choices) if one_right else None
    predicted = _predicted(sample["filtered_resps"]) if one_right else None
    cluster = files.sha256_text(str(doc[key]))[:16] if (key := benchmark.cluster) and key in doc else None
    return Question(
        number=int(sample["doc_id"]),
        row=int(doc[ROW]) if ROW in doc else None,
        prompt=f"{sample['prompt_hash']}{sample['target_hash'][:16]}",
        value=_value(sample, benchmark, gold=gold, predicted=predicted),
        gold=gold,
        predicted=predicted,
        chance=_chance(doc, benchmark, len(choices)),
        cluster=cluster,
    )


def _value(sample: Mapping[str, Any], benchmark: Benchmark, *, gold: int | None, predicted: int | None) -> float:
    if benchmark.metric == "macro_f1":
        if gold is None:
            raise MeasureError(f"{benchmark.name}: question {sample['doc_id']} names no right choice.")
        return float(gold == predicted)
    key = {"mc2": "acc"}.get(benchmark.metric, benchmark.metric)
    if key not in sample:
        told = ", ".join(m for m in sample["metrics"])
        raise MeasureError(f"{benchmark.name}: the harness tells {told} for it, not {key}.")
    value = float(sample[key])
    if not 0 <= value <= 1:
        raise MeasureError(f"{benchmark.name}: {key} of a question must be a share, 0..1, got {value}.")
    return value


def _gold(target: Any, choices: list[str]) -> int | None:
    """The number of the right choice: the harness tells it, or its text."""
    if isinstance(target, int):
        return target
    text = str(target).strip()
    if text in (stripped := [c.strip() for c in choices]):
        return stripped.index(text)
    return int(text) if text.isdigit() and int(text) < len(choices) else None


def _predicted(responses: Any) -> int:
    """The likeliest choice, the first of equals: as the harness's acc."""
    return int(np.argmax([float(likelihood) for likelihood, _ in responses]))


def _chance(doc: Mapping[str, Any], benchmark: Benchmark, n_choices: int) -> float | None:
    if benchmark.metric == "mc2":
        labels = doc["mc2_targets"]["labels"]
        return float(sum(labels)) / len(labels)
    return 1 / n_choices if n_choices else None
