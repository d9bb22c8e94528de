"""chrF++: overlap of character and word n-grams between answers and references, by sacreBLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Statistics = npt.NDArray[np.float64]

CHAR_ORDER, WORD_ORDER, BETA = 6, 2, 2
WIDTH = 3 * (CHAR_ORDER + WORD_ORDER)


def overlap_statistics(answers: Sequence[str], references: Sequence[str]) -> Statistics:
    """Sufficient statistics of chrF++, which add up over items.

    Returns  (item, order x [n-grams of the answer, of the reference, of both]) float64
    """
    metric = _metric()
    # The one call into sacreBLEU that is not public: corpus_score sums exactly these rows.
    rows = metric._extract_corpus_statistics(list(answers), [list(references)])
    return np.asarray(rows, dtype=np.float64).reshape(len(answers), WIDTH)  # (item, 24)


def chrf(sums: Statistics) -> Statistics:
    """chrF++ of summed statistics, in points 0..100.

    sums     (..., 24), as overlap_statistics summed over items
    Returns  (...) points; 0 where nothing is shared
    Source   sacreBLEU 2.6, metrics/chrf.py: precision and recall averaged over the orders that both sides
             have, then F with beta 2
    """
    counts = sums.reshape(*sums.shape[:-1], CHAR_ORDER + WORD_ORDER, 3)
    said, wanted, shared = counts[..., 0], counts[..., 1], counts[..., 2]
    both = (said > 0) & (wanted > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    precision = (np.where(both, shared / np.maximum(said, 1), 0.0)).sum(axis=-1) / orders
    recall = (np.where(both, shared / np.maximum(wanted, 1), 0.0)).sum(axis=-1) / orders
    weight = BETA**2
    below = weight * precision + recall
    points = 100 * (1 + weight) * precision * recall / np.where(below > 0, below, 1.0)
    return np.asarray(points, dtype=np.float64)


def chrf_signature() -> str:
    """sacreBLEU's signature of this metric, for one reference an item."""
    metric = _metric()
    metric.corpus_score(["x"], [["x"]])
    return f"chrF2++|{metric.get_signature()}"


def _metric() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(char_order=CHAR_ORDER, word_order=WORD_ORDER, beta=BETA)
