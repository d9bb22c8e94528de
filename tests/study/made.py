"""Trials made by hand: answers, held-out texts and scores of known size, as the stages leave them."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import sacrebleu

from rantau import files
from rantau.recipe import Recipe, check_recipe
from rantau.run.manifest import Manifest
from rantau.study.running import Done
from rantau.study.trials import Trial

N = 24
REFERENCES = [f"burung nomor {i} terbang tinggi di atas rumah ibu pada pagi hari yang cerah" for i in range(N)]


def recipe(repeats: int = 2) -> Recipe:
    decoding = {"decoding": "sampling", "repeats": repeats} if repeats > 1 else {}
    return check_recipe(
        {
            "name": "made", "language": {"target": "ind"}, "model": {"base": "none"},
            "sources": [{"name": "talks", "path": "t.jsonl", "language": "ind", "license": "CC0-1.0"}],
            "phases": [{"name": "talk", "kind": "sft", "mixture": {"talks": 1.0}}],
            "evaluation": {
                "texts": [{"name": "news", "source": "talks"}], "resamples": 200,
                "prompts": {"source": "talks", "max_new_tokens": 32, **decoding},
            },
        },
        where="made",
    )  # fmt: skip


def said(n_right: int, run: int = 0) -> list[str]:
    """Answers of which the first n_right say the reference, and the rest say something else."""
    return [r if i < n_right else f"kucing {run} tidur di bawah meja makan" for i, r in enumerate(REFERENCES)]


def trial(
    folder: Path, arm: str, repeat: int, *, bits: float, answers: Sequence[Sequence[str]],
    base_answers: Sequence[Sequence[str]] | None = None, n_texts: int = 30, change_scores: float = 0.0,
) -> Done:  # fmt: skip
    """A finished trial.

    bits     per byte of every document; the base model has 3.0
    answers  (run, item)
    """
    asked = recipe(len(answers))
    at = folder / f"{arm}-{repeat}"
    base = base_answers or [said(2, run) for run in range(len(answers))]
    _write_system(at / "answer-base", 3.0, base, n_texts)
    _write_system(at / "answer-adapted", bits, answers, n_texts)
    rows = _rows("bits_per_byte", "news", "bits/byte", "lower", 3.0, bits)
    for metric, score in (("bleu", sacrebleu.corpus_bleu), ("chrf++", _chrf)):
        means = [sum(score(list(a), [REFERENCES]).score for a in s) / len(s) for s in (base, answers)]
        rows += _rows(metric, "talks", "points", "higher", means[0], means[1] + change_scores)
    files.write_json(at / "compare" / "scores.json", rows)
    files.write_json(at / "train-talk" / "summary.json", {"learnt_tokens": 1000, "trainable": 64})
    files.write_jsonl(at / "train-talk" / "loss.jsonl", [{"step": i + 1, "loss": 3.0 - i / 10} for i in range(20)])
    folders = {n: at / n for n in ("answer-base", "answer-adapted", "compare", "train-talk")}
    for name, place in folders.items():
        Manifest(name, 1, "k", {}, {}, {}, "d", {}, {"wall_s": 2.0}).write(place)
    return Done(Trial(arm, repeat, asked, folder), folders)


def _write_system(folder: Path, bits: float, answers: Sequence[Sequence[str]], n_texts: int) -> None:
    texts = [
        {"text": "news", "document_id": str(i), "nats": bits * log(2) * (100 + i), "bytes": 100 + i, "tokens": 50}
        for i in range(n_texts)
    ]
    files.write_jsonl(folder / "texts.jsonl", texts)
    items = [
        {"id": f"t{i}", "prompt_sha256": f"p{i}", "reference": r, "reference_cut": r, "reference_tokens": 5,
         "prompt_messages": [{"role": "user", "content": "Apa?"}]}
        for i, r in enumerate(REFERENCES)
    ]  # fmt: skip
    files.write_jsonl(folder / "items.jsonl", items)
    files.write_jsonl(
        folder / "answers.jsonl",
        [
            {"item_id": f"t{i}", "prompt_sha256": f"p{i}", "draw": run, "text": row[i], "n_tokens": 5,
             "ended": True,
             "prompt": "Apa?"}
            for i in range(N)
            for run, row in enumerate(answers)
        ],
    )  # fmt: skip
    files.write_json(folder / "prompts.json", {"sha256": "all", "n": N})


def _rows(metric: str, name: str, unit: str, better: str, base: float, adapted: float) -> list[dict[str, Any]]:
    same = {"metric": metric, "name": name, "unit": unit, "better": better, "n": N, "signature": "by hand"}
    found = {"base": base, "adapted": adapted, "ceiling": 100.0, "chance": 1.0, "chance-base": 2.0}
    return [{**same, "system": s, "value": v, "low": v, "high": v} for s, v in found.items()]


def _chrf(answers: list[str], references: list[list[str]]) -> Any:
    return sacrebleu.corpus_chrf(answers, references, word_order=2)
