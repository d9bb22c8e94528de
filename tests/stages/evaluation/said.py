"""Speech for tests, from lists of texts, and an encoder that needs no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from rantau.records import Score, System
from rantau.stages.evaluation.metrics.speech import Speech, View
from rantau.stages.evaluation.scores import Resampling

RESAMPLING: Resampling = {"seed": 7, "n_resamples": 400, "confidence": 0.95}


def view(
    base: Sequence[Sequence[str]], adapted: Sequence[Sequence[str]], references: Sequence[str],
    cut: Sequence[str] | None = None,
) -> View:  # fmt: skip
    """base, adapted: (draw, item)"""
    return View(
        tuple(map(tuple, base)), tuple(map(tuple, adapted)), tuple(references), tuple(cut or references), "set"
    )


def speech(whole: View, *, prompts: Sequence[str] = (), views: Mapping[str, View] | None = None) -> Speech:
    """Every answer ended itself, and every reference leaves room for an end."""
    n = len(whole.references)
    return Speech(
        source="tanya",
        prompts=tuple(prompts) or ("apa itu?",) * n,
        whole=whole,
        ended_base=((1.0,) * n,) * len(whole.base),
        ended_adapted=((1.0,) * n,) * len(whole.adapted),
        references_end=(1.0,) * n,
        views=views or {},
    )


def by_system(rows: Sequence[Score], metric: str | None = None) -> dict[System, Score]:
    return {row.system: row for row in rows if metric in (None, row.metric)}


def encode(texts: Sequence[str]) -> np.ndarray:
    """A text is the sum of its words, each a direction of its own."""
    return np.stack([_vector(text) for text in texts])


def _vector(text: str) -> np.ndarray:
    total = np.zeros(256, np.float32)
    for word in text.split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        total += np.random.default_rng(seed).normal(0, 1, 256).astype(np.float32)
    length = np.linalg.norm(total)
    return total / length if length else total
