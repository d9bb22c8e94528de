"""Samples: which answers the page shows. A rule picks them, and the page says the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rantau.records import AnswerPair
from rantau.stages.report.wording import ENGLISH, Wording


@dataclass(frozen=True, slots=True)
class Picked:
    """group: best, median or worst; rank: place in the order of gain, from 1"""

    group: str
    rank: int
    item: AnswerPair


def shares_of(n: int) -> tuple[int, int, int]:
    """How many of n samples are best, median and worst: never fewer bad ones than good ones."""
    third, rest = divmod(n, 3)
    ends = third + (rest == 2)
    return ends, third + (rest == 1), ends


def pick(rows: Sequence[Mapping[str, Any]], n: int) -> tuple[Picked, ...]:
    """At most n rows of samples.jsonl: the largest gains in chrF++, those around the median, the smallest.

    Equal gains are ordered by item id, so that nobody chooses.
    """
    ordered = sorted(rows, key=lambda r: (r["chrf_base"] - r["chrf_adapted"], r["item_id"]))
    best, median, worst = shares_of(min(n, len(ordered)))
    middle = best + (len(ordered) - best - worst - median) // 2
    places = [(i, "best") for i in range(best)]
    places += [(i, "median") for i in range(middle, middle + median)]
    places += [(i, "worst") for i in range(len(ordered) - worst, len(ordered))]
    return tuple(_picked(ordered[i], group, i + 1) for i, group in places)


def rule(picked: Sequence[Picked], n_items: int, words: Wording = ENGLISH) -> str:
    """The rule in words, with the numbers of this report."""
    best, median, worst = (
        words.integer(sum(p.group == group for p in picked)) for group in ("best", "median", "worst")
    )
    return words("samples.rule", n=words.integer(n_items), best=best, median=median, worst=worst)


def _picked(row: Mapping[str, Any], group: str, rank: int) -> Picked:
    return Picked(group, rank, AnswerPair(**{f.name: row[f.name] for f in fields(AnswerPair)}))
