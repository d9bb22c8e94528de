"""Bits per byte and perplexity of held-out text, before and after, whole and by domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rantau.model.score import bits_per_byte
from rantau.recipe import HeldOutText
from rantau.records import Score, System
from rantau.stages.evaluation.likelihood.domains import domains_of
from rantau.stages.evaluation.likelihood.texts import NORMAL_FORM, TextScore
from rantau.stages.evaluation.scores import Measure, Resampling, score, unmeasured
from rantau.stats import (
    Interval,
    approximate_randomisation,
    bootstrap_corpus,
    bootstrap_ratio,
    paired_ratio_change,
)
from rantau.stats.series import Floats

OTHER_TOKENS = (
    "The two systems cut text into other tokens, and a loss per token depends on that: see bits per byte."
)
ALONE = "One document, and an interval needs 2."
SYSTEMS: tuple[System, ...] = ("base", "adapted", "change")


def text_scores(
    text: HeldOutText, base: Sequence[TextScore], adapted: Sequence[TextScore], *, context_tokens: int,
    resampling: Resampling,
) -> list[Score]:  # fmt: skip
    """Bits per byte and perplexity per token (base, adapted, change), items = documents; then bits per byte of
    each domain, named "<text>/<domain>".

    base, adapted  scores of the same documents in the same order
    """
    settings = _settings(text, context_tokens)
    rows = [
        *_bits_rows(_bits_measure(text.name, settings), base, adapted, resampling),
        *_perplexity_rows(text.name, settings, base, adapted, resampling),
    ]
    for domain in domains_of(text, [s.domain for s in base]):
        measure = _bits_measure(f"{text.name}/{domain}", f"{settings}|by:{text.by}")
        within = [n for n, s in enumerate(base) if s.domain == domain]
        if len(within) < 2:
            rows += [unmeasured(measure, system, len(within), ALONE) for system in SYSTEMS]
        else:
            rows += _bits_rows(measure, [base[n] for n in within], [adapted[n] for n in within], resampling)
    return rows


def relative_rise(base: Sequence[TextScore], adapted: Sequence[TextScore], resampling: Resampling) -> Interval:
    """Change of bits per byte over all of these documents: 0.1 is 10 % more. Paired, items = documents."""
    return paired_ratio_change(_bits(base), _bytes(base), _bits(adapted), _bytes(adapted), **resampling)


def _settings(text: HeldOutText, context_tokens: int) -> str:
    scored = (
        "scored:answers in the chat template, prompts seen"
        if text.scored == "answers"
        else "first_token:after document start"
    )
    return (
        f"form:{NORMAL_FORM}|max_bytes:{text.max_bytes}|context_tokens:{context_tokens}|stride:half"
        f"|{scored}|end_token:not scored"
    )


def _bits_measure(name: str, settings: str) -> Measure:
    return Measure("bits_per_byte", name, "bits/byte", "lower", f"bits_per_byte|{settings}", relative=True)


def _bits_rows(
    measure: Measure, base: Sequence[TextScore], adapted: Sequence[TextScore], resampling: Resampling
) -> list[Score]:
    first, second = (np.column_stack([_bits(scores), _bytes(scores)]) for scores in (base, adapted))
    p = approximate_randomisation(first, second, _ratio, seed=resampling["seed"])
    return [
        score(measure, "base", bootstrap_ratio(_bits(base), _bytes(base), **resampling)),
        score(measure, "adapted", bootstrap_ratio(_bits(adapted), _bytes(adapted), **resampling)),
        replace(score(measure, "change", relative_rise(base, adapted, resampling)), p_value=p),
    ]


def _perplexity_rows(
    name: str, settings: str, base: Sequence[TextScore], adapted: Sequence[TextScore], resampling: Resampling
) -> list[Score]:
    """Perplexity as training logs print it: exp of the mean loss of a token. No change across tokenizers."""
    same = [s.tokens for s in base] == [s.tokens for s in adapted]
    unit = "the base" if same else "each system's own"
    signature = f"perplexity|per:token of {unit} tokenizer|{settings}"
    measure = Measure("perplexity", name, "perplexity", "lower", signature, relative=True)
    first, second = (
        np.array([[s.nats, s.tokens] for s in scores], dtype=np.float64) for scores in (base, adapted)
    )
    rows = [
        score(measure, "base", bootstrap_corpus(first, _exp_ratio, **resampling)),
        score(measure, "adapted", bootstrap_corpus(second, _exp_ratio, **resampling)),
    ]
    if not same:
        return [*rows, unmeasured(measure, "change", len(base), OTHER_TOKENS)]
    change = bootstrap_corpus(
        np.concatenate([first, second], axis=1),
        lambda sums: _exp_ratio(sums[:, 2:]) / _exp_ratio(sums[:, :2]) - 1,
        method="paired bootstrap of the relative change",
        **resampling,
    )
    p = approximate_randomisation(first, second, _exp_ratio, seed=resampling["seed"])
    return [*rows, replace(score(measure, "change", change), p_value=p)]


def _ratio(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])


def _exp_ratio(sums: Floats) -> Floats:
    return np.asarray(np.exp(sums[:, 0] / sums[:, 1]))


def _bits(scores: Sequence[TextScore]) -> list[float]:
    """Bits of each document; a row is one document, so its ratio is taken after summing."""
    return [bits_per_byte(s.nats, n_bytes=1) for s in scores]


def _bytes(scores: Sequence[TextScore]) -> list[int]:
    return [s.bytes for s in scores]
