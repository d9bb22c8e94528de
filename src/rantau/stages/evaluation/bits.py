"""Bits per byte and perplexity of held-out text, before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rantau.model.score import bits_per_byte
from rantau.recipe import HeldOutText
from rantau.records import Score
from rantau.stages.evaluation.scores import Measure, Resampling, score
from rantau.stages.evaluation.texts import NORMAL_FORM, TextScore
from rantau.stats import Interval, bootstrap_corpus, bootstrap_ratio, paired_ratio_change


def text_scores(
    text: HeldOutText, base: Sequence[TextScore], adapted: Sequence[TextScore], *, context_tokens: int,
    resampling: Resampling,
) -> list[Score]:  # fmt: skip
    """Bits per byte (base, adapted, change) and perplexity per token (base, adapted), items = documents.

    base, adapted  scores of the same documents in the same order
    """
    settings = (
        f"form:{NORMAL_FORM}|max_bytes:{text.max_bytes}|context_tokens:{context_tokens}|stride:half"
        "|first_token:after document start|end_token:not scored"
    )
    bits = Measure("bits_per_byte", text.name, "bits/byte", "lower", f"bits_per_byte|{settings}", relative=True)
    change = paired_ratio_change(_bits(base), _bytes(base), _bits(adapted), _bytes(adapted), **resampling)
    unit = "the base" if sum(s.tokens for s in base) == sum(s.tokens for s in adapted) else "each system's own"
    perplexity = Measure(
        "perplexity", text.name, "perplexity", "lower", f"perplexity|per:token of {unit} tokenizer|{settings}"
    )
    return [
        score(bits, "base", bootstrap_ratio(_bits(base), _bytes(base), **resampling)),
        score(bits, "adapted", bootstrap_ratio(_bits(adapted), _bytes(adapted), **resampling)),
        score(bits, "change", change),
        score(perplexity, "base", _perplexity(base, resampling)),
        score(perplexity, "adapted", _perplexity(adapted, resampling)),
    ]


def _bits(scores: Sequence[TextScore]) -> list[float]:
    """Bits of each document; a row is one document, so its ratio is taken after summing."""
    return [bits_per_byte(s.nats, n_bytes=1) for s in scores]


def _bytes(scores: Sequence[TextScore]) -> list[int]:
    return [s.bytes for s in scores]


def _perplexity(scores: Sequence[TextScore], resampling: Resampling) -> Interval:
    table = [[s.nats, s.tokens] for s in scores]
    return bootstrap_corpus(table, lambda sums: np.exp(sums[:, 0] / sums[:, 1]), **resampling)
