"""Right answers and wrong ones: references of real text in two languages, and what degenerate systems say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rantau.stages.evaluation.metrics.chance import derangement

SEED = 5
CONSTANT = {"ind": "Saya tidak tahu jawabannya.", "kor": "잘 모르겠습니다."}


@dataclass(frozen=True, slots=True)
class Material:
    """One set of items.

    language     ISO 639-3 of the references
    translation  the same meaning in another language, item by item
    other_words  (answer, reference) pairs of other items that say the same in other words
    """

    name: str
    language: str
    prompts: tuple[str, ...]
    references: tuple[str, ...]
    translation: tuple[str, ...]
    other_words: tuple[tuple[str, str], ...]

    def systems(self) -> dict[str, tuple[str, ...]]:
        """Degenerate systems, by what they do, each with one answer an item."""
        n = len(self.references)
        other = [self.references[i] for i in derangement(n, seed=SEED, name="other")]
        draw = random.Random(SEED)
        return {
            "the reference": self.references,
            "its translation": self.translation,
            "another sentence": tuple(other),
            "a constant": (CONSTANT[self.language],) * n,
            "words of another sentence, shuffled": tuple(_shuffled(text, draw) for text in other),
            "the prompt again": self.prompts,
        }


def indonesian(data: Path) -> Material:
    """NusaX: translate from English; other words: Tatoeba's English sentences with two Indonesian translations."""
    rows = _rows(data, "bench_nusax/mt_test")
    translations: dict[str, set[str]] = {}
    for row in _rows(data, "parallel_en_id/pairs"):
        if row["source"].startswith("tatoeba"):
            translations.setdefault(row["en"], set()).add(row["id"])
    pairs = [sorted(texts)[:2] for _, texts in sorted(translations.items()) if len(texts) > 1]
    english = tuple(r["english"] for r in rows)
    return Material(
        "NusaX", "ind", english, tuple(r["indonesian"] for r in rows), english, tuple((a, b) for a, b in pairs)
    )


def korean(data: Path) -> Material:
    """X-Persona: the last answer of each dialogue, its translation the Indonesian one; other words: KorSTS pairs
    of different sentences that people scored 4.5 or more of 5."""
    asked: list[tuple[str, str, str]] = []
    for part in ("test", "valid"):
        indonesian_ = {r["id"]: r["messages"] for r in _rows(data, f"chat_xpersona/id_{part}")}
        for row in _rows(data, f"chat_xpersona/ko_{part}"):
            turns, same = row["messages"], indonesian_.get(row["id"].removeprefix("k"))
            if same and len(same) == len(turns) and turns[-1]["role"] == "assistant":
                asked.append((turns[-2]["content"], turns[-1]["content"], same[-1]["content"]))
    prompts, references, translation = zip(*sorted(set(asked)), strict=True)
    pairs = [
        (r["sentence1"], r["sentence2"])
        for r in _rows(data, "bench_kornlu/korsts_test")
        if float(r["score"]) >= 4.5 and r["sentence1"] != r["sentence2"]
    ]
    return Material("X-Persona", "kor", prompts, references, translation, tuple(pairs))


def _shuffled(text: str, draw: random.Random) -> str:
    words = text.split()
    draw.shuffle(words)
    return " ".join(words)


def _rows(data: Path, name: str) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(data / f"{name}.parquet").to_pylist()
    return rows
