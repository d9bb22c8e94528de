"""ROUGE: overlap of words, of pairs of words, and of the longest common subsequence, answer by answer.

The figures of the package rouge-score, with words of any script: its own words are runs of a-z and 0-9, so that
two equal Korean sentences score 0. Its table of the longest common subsequence takes 13 times as long with 40
words and 112 times with 200.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from rantau.language import LanguageProfile, metric_tokens
from rantau.stages.evaluation.metrics.speech import Texts
from rantau.stages.evaluation.tables import Statistics

Rouge = Literal["rouge1", "rouge2", "rougeL"]
ROUGES: tuple[Rouge, ...] = ("rouge1", "rouge2", "rougeL")
Tokenise = Callable[[str], Sequence[str]]
ASCII_WORD = re.compile("[a-z0-9]+")


def rouge_tokeniser(kind: Literal["unicode", "ascii"], profile: LanguageProfile) -> Tokenise:
    """Case aside. unicode: the units of the profile (words, or characters); ascii: those of rouge-score."""

    @lru_cache(maxsize=65_536)  # a reference is counted against several answers
    def units(text: str) -> tuple[str, ...]:
        if kind == "ascii":
            return tuple(ASCII_WORD.findall(text.lower()))
        return tuple(metric_tokens(text.casefold(), profile))

    return units


def rouge_marks(answers: Texts, references: Texts, *, kind: Rouge, tokenise: Tokenise) -> Statistics:
    """(item, 1) F1 of each answer, in points 0..100."""
    marks = [
        100 * rouge_f1(tokenise(answer), tokenise(reference), kind)
        for answer, reference in zip(answers, references, strict=True)
    ]
    return np.asarray(marks, dtype=np.float64).reshape(-1, 1)


def rouge_f1(answer: Sequence[str], reference: Sequence[str], kind: Rouge) -> float:
    """F1 of precision and recall of one answer, 0..1; 0 where either has nothing to count.

    Source  Lin 2004; the package rouge-score 0.1.2, rouge_scorer.py
    """
    if kind == "rougeL":
        shared, said, wanted = common_subsequence(answer, reference), len(answer), len(reference)
    else:
        order = int(kind[-1])
        of_answer, of_reference = _ngrams(answer, order), _ngrams(reference, order)
        shared = (of_answer & of_reference).total()
        said, wanted = of_answer.total(), of_reference.total()
    return 2 * shared / (said + wanted) if shared else 0.0


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    Source  Hyyro 2004, "Bit-parallel LCS-length computation revisited": one row of the table is one whole number
    """
    places: dict[str, int] = {}
    for i, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << i
    every = (1 << len(first)) - 1
    row = every  # a zero is a step of the subsequence
    for token in second:
        found = row & places.get(token, 0)
        row = ((row + found) | (row - found)) & every
    return len(first) - row.bit_count()


def rouge_signature(kind: Rouge, words: Literal["unicode", "ascii"], profile: LanguageProfile) -> str:
    units = "a-z0-9" if words == "ascii" else f"{profile.code}:{profile.metric_tokens}"
    return f"{kind}|f1|mean over answers|words:{units}|case:no|stemmer:no"


def _ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))
