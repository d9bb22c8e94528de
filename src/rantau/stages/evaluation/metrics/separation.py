"""Separation: whether a sentence encoder can tell one text of a language from another, and from which cosine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Cosines = npt.NDArray[np.float64]

MOST_PAIRED = 1000  # references; 999,000 pairs, of which the share above a threshold is known to 0.0001
FEWEST_HALVED = 20  # fewer positives give an area with a standard error above 0.06
ALIKE, MOST_ALIKE = (
    0.5,
    0.05,
)  # docs/metrics.md: at most 1.8 % for an encoder that knows the language, 57 to 92 % else
LEAST_AREA = 0.75  # an encoder whose cosines are all high may still separate; 0.64 is one that does not
MOST_UNRELATED = 0.05


@dataclass(frozen=True, slots=True)
class Separation:
    """What one encoder can tell of the references of this run.

    threshold        cosine from which an answer matches its reference
    rule             auto: so that unrelated pairs rarely match; given: by the recipe
    n_pairs          unrelated pairs: a reference, and another one as far as an answer may reach
    unrelated_share  of them that match, 0..1
    alike_share      of them with a cosine of ALIKE or more, whatever the threshold, 0..1
    area             0..1: how often two halves of one reference are closer than halves of two (area under the
                     ROC curve; 0.5 = it cannot tell); None where too few references have two halves
    """

    threshold: float
    rule: Literal["auto", "given"]
    n_pairs: int
    unrelated_share: float
    alike_share: float
    area: float | None

    @property
    def fails(self) -> bool:
        """True if what it says of answers is worth little: unrelated texts match, or nearly all texts are alike to
        it and it does not find the halves of one. Halves alone do not tell: those of a short chat have little in
        common, and 0.65 was measured for an encoder that finds 99 % of paraphrases."""
        blind = self.area is None or self.area < LEAST_AREA
        return self.unrelated_share > MOST_UNRELATED or (self.alike_share > MOST_ALIKE and blind)


def separation_of(
    cut: Vectors, references: Vectors, halves: tuple[Vectors, Vectors], same: Sequence[object], *,
    threshold: float | Literal["auto"], unrelated_share: float,
) -> Separation:  # fmt: skip
    """What an encoder can tell, from its unit vectors.

    cut, references  (item, d) of references as far as an answer may reach, and whole; fewer than 2 items, or
                     all of them equal, leave nothing to calibrate by: auto is then 1
    halves           (m, d) twice: of the first and of the second half of some references
    same             (item,) items with equal keys say the same, so their pairs are not unrelated
    unrelated_share  with auto: most unrelated pairs that may match, 0..1
    """
    keys = np.unique(np.asarray([str(s) for s in same]), return_inverse=True)[1]
    unrelated = _products(cut, references)[keys[:, None] != keys[None, :]]
    chosen = cosine_passed_by(unrelated, unrelated_share) if threshold == "auto" else float(threshold)
    return Separation(
        threshold=chosen,
        rule="auto" if threshold == "auto" else "given",
        n_pairs=len(unrelated),
        unrelated_share=float(np.mean(unrelated >= chosen)) if len(unrelated) else 0.0,
        alike_share=float(np.mean(unrelated >= ALIKE)) if len(unrelated) else 0.0,
        area=_area_of_halves(*halves),
    )


def cosine_passed_by(cosines: Cosines, share: float) -> float:
    """The lowest cosine, in steps of 0.0001, that at most this share of the cosines reaches; 1.0 for none."""
    if not len(cosines):
        return 1.0
    allowed = int(share * len(cosines))
    above = np.sort(cosines)[len(cosines) - allowed - 1]  # this one must not reach it
    step = ceil(float(above) * 10_000) / 10_000
    return step if step > above else step + 0.0001


def area_under_curve(related: Cosines, unrelated: Cosines) -> float:
    """Share of (related, unrelated) pairs of cosines of which the related one is greater; ties count half."""
    ranked = np.sort(unrelated)
    below = np.searchsorted(ranked, related, side="left")
    not_above = np.searchsorted(ranked, related, side="right")
    return float((below + not_above).mean() / 2 / len(ranked))


def some_of(n: int, *, seed: int) -> list[int]:
    """At most MOST_PAIRED of 0..n-1 by seed, in order."""
    if n <= MOST_PAIRED:
        return list(range(n))
    return sorted(random.Random(f"{seed}|separation").sample(range(n), MOST_PAIRED))


def _area_of_halves(first: Vectors, second: Vectors) -> float | None:
    if len(first) < FEWEST_HALVED:
        return None
    cosines = _products(first, second)
    return area_under_curve(np.diag(cosines), cosines[~np.eye(len(cosines), dtype=bool)])


def _products(first: Vectors, second: Vectors) -> Cosines:
    """(n, m) cosines. Not @: BLAS adds in an order that depends on its threads."""
    return np.asarray(np.einsum("id,jd->ij", first, second), dtype=np.float64)
