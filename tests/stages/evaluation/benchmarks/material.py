"""A small folder of benchmark files, a recipe that asks them, and contexts for the stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Recipe, check_recipe
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared, Stage
from rantau.stages.evaluation.benchmarks.importing import import_benchmarks

THINGS = ("gelas", "payung", "sepeda", "lampu", "kursi", "meja", "buku", "topi", "sepatu", "piring")


def copa_rows(n: int) -> list[dict[str, Any]]:
    """XCOPA in the columns of the hub."""
    return [
        {
            "premise": f"{THINGS[i % 10].capitalize()} nomor {i} itu jatuh ke lantai.",
            "choice1": f"Seseorang menyenggol {THINGS[i % 10]} itu.",
            "choice2": "Hujan turun deras sekali.",
            "question": ("cause", "effect")[i % 2],
            "label": str(i % 2),
        }
        for i in range(n)
    ]


def passage_rows(n: int) -> list[dict[str, Any]]:
    """Belebele: three questions to a passage."""
    return [
        {
            "flores_passage": f"Cerita ke-{i // 3} tentang {THINGS[i // 3 % 10]} yang hilang di pasar.",
            "question": f"Apa yang hilang pada bagian {i % 3}?",
            **{f"mc_answer{k}": THINGS[(i + k) % 10] for k in range(1, 5)},
            "correct_answer_num": str(i % 4 + 1),
        }
        for i in range(n)
    ]


def boolq_rows(n: int) -> list[dict[str, Any]]:
    """KoBEST BoolQ."""
    return [
        {"paragraph": f"서울은 {i}번째 도시이다.", "question": "서울은 도시인가?", "label": str(i % 2)}
        for i in range(n)
    ]


def arc_rows(n: int) -> list[dict[str, Any]]:
    return [
        {
            "question": f"Which of these is number {i}?",
            "choices": {"text": [f"{THINGS[(i + k) % 10]} it is" for k in range(3 + i % 2)],
                        "label": list("ABCD"[: 3 + i % 2])},
            "answerKey": "ABC"[i % 3],
        }
        for i in range(n)
    ]  # fmt: skip


def sum_rows(n: int) -> list[dict[str, Any]]:
    """GSM8K."""
    return [{"question": f"What is {i} and {i}?", "answer": f"It is {2 * i}.\n#### {2 * i}"} for i in range(n)]


def sentiment_rows(n: int) -> list[dict[str, Any]]:
    """NusaX, in the columns of our own task."""
    said = ("buruk", "biasa", "bagus")
    return [{"id": str(i), "text": f"Makanan nomor {i} {said[i % 3]}.", "label": i % 3} for i in range(n)]


def write_task(folder: Path, task: str, split: str, rows: Sequence[dict[str, Any]]) -> None:
    """As the hub has it: a folder named like the task, a file named like the split."""
    path = folder / task / f"{split}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_jsonl(path, rows)


def make_data(folder: Path, n: int = 12) -> Path:
    """An imported folder with tasks of six kinds; a label that came as text stays what the harness can read."""
    raw = folder / "raw"
    for task, split, rows in (
        ("xcopa_id", "test", [r | {"label": int(r["label"])} for r in copa_rows(n)]),
        ("belebele_ind_Latn", "test", passage_rows(n)),
        ("kobest_boolq", "test", [r | {"label": int(r["label"])} for r in boolq_rows(n)]),
        ("kobest_boolq", "train", [r | {"label": int(r["label"])} for r in boolq_rows(8)]),
        ("arc_challenge", "test", arc_rows(n)),
        ("arc_challenge", "validation", arc_rows(6)),
        ("gsm8k", "test", sum_rows(4)),
        ("gsm8k", "train", sum_rows(6)),
        ("nusax_senti_ind", "test", sentiment_rows(n)),
        ("nusax_senti_jav", "test", sentiment_rows(n)),
    ):
        write_task(raw, task, split, rows)
    import_benchmarks(raw, folder / "data")
    return folder / "data"


def recipe(
    base: Path | str, benchmarks: Sequence[dict[str, Any]], data: str | None = "data",
    contamination: dict[str, Any] | None = None,
) -> Recipe:  # fmt: skip
    sources = [
        {"name": n, "path": f"{n}.txt", "language": "ind", "license": "CC0-1.0"} for n in ("berita", "tanya")
    ]
    asked = {
        "name": "coba", "language": {"target": "ind"}, "model": {"base": str(base)}, "sources": sources,
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {"berita": 1.0}}],
        "evaluation": {
            "texts": [{"name": "berita", "source": "berita"}], "resamples": 200,
            "benchmarks": list(benchmarks), "benchmark_data": data,
        },
        "curation": {"contamination": contamination or {}},
    }  # fmt: skip
    return check_recipe(asked, where="coba.yaml")


def context(stage: Stage, asked: Recipe, out: Path, folder: Path, **inputs: Path) -> Context:
    out.mkdir(parents=True, exist_ok=True)
    named = {name.replace("_", "-"): path for name, path in inputs.items()}
    return Context(Declared(asked, stage.slices), folder, named, out, Machine(), Progress(quiet=True))
