"""Benchmarks of a trial, question by question. Questions that stand or fall together are one item."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rantau import files
from rantau.stages.evaluation.benchmarks.asking import TASKS
from rantau.stages.evaluation.tables import Statistics

BenchmarkKey = tuple[str, str]  # metric, task
NOT_A_MEAN = ("macro_f1",)  # told, and not compared question by question


def benchmark_scores(folders: Mapping[str, Path]) -> dict[BenchmarkKey, dict[str, Any]]:
    """figure -> system -> row as scores.json has them; nothing for a trial without benchmarks"""
    found: dict[BenchmarkKey, dict[str, Any]] = {}
    for row in _results(folders):
        same = {"metric": row["metric"], "name": row["task"], "unit": "share", "better": "higher", "n": row["n"],
                "signature": row["signature"]}  # fmt: skip
        systems: dict[str, Any] = {s: {**same, "system": s, **row[s]} for s in ("base", "adapted")}
        if row["chance"] is not None:
            systems |= {s: {**same, "system": s, "value": row["chance"]} for s in ("chance", "chance-base")}
        found[row["metric"], row["task"]] = systems
    return found


def benchmark_tables(
    folders: Mapping[str, Path],
) -> dict[BenchmarkKey, tuple[tuple[str, ...], Statistics, Statistics]]:
    """figure -> items, and (item, 2) sums and counts of the base and the adapted model; single tasks only"""
    found = {}
    for row in _results(folders):
        file = f"{TASKS}/{row['benchmark']}/{row['task']}.json"
        if row["metric"] in NOT_A_MEAN or not (folders["benchmark-base"] / file).is_file():
            continue
        base, adapted = (
            files.read_json(folders[f"benchmark-{s}"] / file)["questions"] for s in ("base", "adapted")
        )
        groups = tuple(dict.fromkeys(map(_item, base)))
        found[row["metric"], row["task"]] = (_items(base), _table(base, groups), _table(adapted, groups))
    return found


def ratio(sums: Statistics) -> Statistics:
    return np.asarray(sums[..., 0] / sums[..., 1])


def _results(folders: Mapping[str, Path]) -> list[dict[str, Any]]:
    return list(files.read_json(folders["benchmarks"] / "benchmarks.json")) if "benchmarks" in folders else []


def _item(question: Mapping[str, Any]) -> str:
    """Its group, or itself."""
    return str(question["cluster"] or f"{question['number']} {question['prompt']}")


def _items(questions: list[dict[str, Any]]) -> tuple[str, ...]:
    """Every group with what it was asked: with other examples before them its questions are others."""
    prompts: dict[str, list[str]] = {}
    for question in questions:
        prompts.setdefault(_item(question), []).append(question["prompt"])
    return tuple(f"{group} {files.sha256_text(' '.join(asked))[:16]}" for group, asked in prompts.items())


def _table(questions: list[dict[str, Any]], items: tuple[str, ...]) -> Statistics:
    place = {item: i for i, item in enumerate(items)}
    table = np.zeros((len(items), 2))
    for question in questions:
        table[place[_item(question)]] += (question["value"], 1.0)
    return table
