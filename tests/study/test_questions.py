"""Benchmarks in a study: passages are the items, and the means are those of the benchmark."""

from dataclasses import replace
from pathlib import Path

import pytest

from rantau import files
from rantau.records import BASE_ARM
from rantau.study.arms import figures_of, gather
from rantau.study.compare import differences_to
from rantau.study.questions import benchmark_tables
from rantau.study.running import Done
from tests.study.made import recipe, said, trial

KEY = ("acc", "passages")
EVALUATION = recipe().evaluation


def with_benchmark(done: Done, right: list[int]) -> Done:
    """Thirty passages of two questions; the adapted model has right[i] of passage i, the base none."""
    folders = dict(done.folders)
    counts = {"base": [0] * len(right), "adapted": right}
    for system, found in counts.items():
        folder = folders[f"benchmark-{system}"] = done.folders["compare"].parent / f"benchmark-{system}"
        questions = [
            {"number": 2 * i + k, "row": None, "prompt": "p", "value": float(k < n), "cluster": f"passage {i}"}
            for i, n in enumerate(found)
            for k in (0, 1)
        ]
        files.write_json(folder / "tasks" / "reading" / "passages.json", {"facts": {}, "questions": questions})
    share = sum(right) / (2 * len(right))
    row = {
        "benchmark": "reading", "task": "passages", "metric": "acc", "n": 60, "chance": 0.25, "signature": "s",
        "base": {"value": 0.0, "low": 0.0, "high": 0.1}, "adapted": {"value": share, "low": 0.0, "high": 1.0},
    }  # fmt: skip
    folders["benchmarks"] = done.folders["compare"].parent / "benchmarks"
    files.write_json(folders["benchmarks"] / "benchmarks.json", [row])
    return replace(done, folders=folders)


def test_passages_are_paired(tmp_path: Path) -> None:
    right = [2] * 20 + [0] * 10
    done = [
        with_benchmark(trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)]), right),
        with_benchmark(trial(tmp_path, "b", 0, bits=2.0, answers=[said(4)]), [1] * 30),
    ]
    gathered = gather("ab", done)
    figures = {(f.arm, f.key): f for f in figures_of(gathered, EVALUATION, seed=1)}
    a = figures["a", KEY]
    assert (a.value, a.n, a.chance, a.paired) == (pytest.approx(2 / 3), 30, 0.25, True)
    assert figures[BASE_ARM, KEY].value == 0.0
    mine = [f for f in figures.values() if f.arm and f.key == KEY]
    to_base = {d.arm: d for d in differences_to(BASE_ARM, gathered, mine, EVALUATION, seed=1)}
    assert to_base["b"].value == pytest.approx(0.5)
    assert to_base["b"].effect == "better"
    (between,) = differences_to("b", gathered, mine, EVALUATION, seed=1)
    assert (between.value, between.unit) == (pytest.approx(2 / 3 - 1 / 2), "share")
    assert between.effect == "unclear", "thirty passages, not sixty questions"


def test_passages_behind_other_examples_are_other_items(tmp_path: Path) -> None:
    done = with_benchmark(trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)]), [1] * 30)
    (items,) = (found[0] for found in benchmark_tables(done.folders).values())
    file = done.folders["benchmark-base"] / "tasks" / "reading" / "passages.json"
    content = files.read_json(file)
    content["questions"][1]["prompt"] = "five examples, p"
    files.write_json(file, content)
    (others,) = (found[0] for found in benchmark_tables(done.folders).values())
    assert [a == b for a, b in zip(items, others, strict=True)] == [False] + [True] * 29


def test_the_base_alone_has_no_benchmark_without_the_stage(tmp_path: Path) -> None:
    gathered = gather("a", [trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)])])
    assert KEY not in gathered.tables["a"]
