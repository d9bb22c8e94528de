"""Scores of the in-context probe: bits per answer byte that examples save, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from rantau.recipe import InContext
from rantau.recipe.measured import FEWEST_OF_A_KIND, LETTERS
from rantau.records import Score
from rantau.stages.evaluation.in_context.asking import ProbeScore
from rantau.stages.evaluation.in_context.examples import MOST_BYTES
from rantau.stages.evaluation.scores import Measure, Resampling, score
from rantau.stats import Interval, approximate_randomisation, bootstrap_corpus
from rantau.stats.series import Floats

ZERO, FEW, BYTES = range(3)  # columns: bits without examples, bits with them, bytes of the answer
WIDTH = 3


def in_context_scores(
    base: Sequence[ProbeScore], adapted: Sequence[ProbeScore], probe: InContext, resampling: Resampling
) -> list[Score]:
    """in_context_gain: bits per answer byte without examples minus with them (base, adapted, change), items =
    questions; then each kind of letter list with FEWEST_OF_A_KIND questions or more, named "letters/<kind>".

    base, adapted  scores of the same questions in the same order
    """
    name = probe.source or LETTERS
    counts = Counter(s.task for s in base if s.shots == 0) if probe.source is None else Counter[str]()
    parts = [(name, list(base), list(adapted))] + [
        (f"{name}/{task}", [s for s in base if s.task == task], [s for s in adapted if s.task == task])
        for task, n in counts.items()
        if n >= FEWEST_OF_A_KIND
    ]
    return [row for part in parts for row in _rows(*part, probe, resampling)]


def loss_of_gain(
    base: Sequence[ProbeScore], adapted: Sequence[ProbeScore], resampling: Resampling
) -> Interval | None:
    """Share of the base's gain that the adapted system has lost: 0.1 is a tenth, below 0 it gained.

    That is the rise of the bits with examples over the base's gain. What the adapted system does without examples
    does not enter: a model that was spoilt altogether gets worse there too, and its own gain can even grow.
    Returns   None if the base gains nothing that its interval can tell from 0: then there is nothing to lose
    """
    first, second = _table(base), _table(adapted)
    if bootstrap_corpus(first, _gain, **resampling).low <= 0:
        return None
    return bootstrap_corpus(
        np.concatenate([first, second], axis=1),
        lambda sums: (sums[:, WIDTH + FEW] - sums[:, FEW]) / (sums[:, ZERO] - sums[:, FEW]),
        method="paired bootstrap of the lost share",
        **resampling,
    )


def _rows(
    name: str, base: list[ProbeScore], adapted: list[ProbeScore], probe: InContext, resampling: Resampling
) -> list[Score]:
    kind = f"dialogues of at most {MOST_BYTES} bytes in the chat template" if probe.source else "lists of letters"
    signature = f"in_context_gain|{kind}|shots:0 minus {probe.shots}|bits per answer byte"
    measure = Measure("in_context_gain", name, "bits/byte", "higher", signature)
    first, second = _table(base), _table(adapted)
    change = bootstrap_corpus(
        np.concatenate([first, second], axis=1),
        lambda sums: _gain(sums[:, WIDTH:]) - _gain(sums[:, :WIDTH]),
        method="paired bootstrap of the difference",
        **resampling,
    )
    p = approximate_randomisation(first, second, _gain, seed=resampling["seed"])
    return [
        score(measure, "base", bootstrap_corpus(first, _gain, **resampling)),
        score(measure, "adapted", bootstrap_corpus(second, _gain, **resampling)),
        replace(score(measure, "change", change), p_value=p),
    ]


def _table(scores: Sequence[ProbeScore]) -> Floats:
    """(question, 3): bits without examples, bits with them, bytes."""
    fewest = {s.item_id: s for s in scores if s.shots == 0}
    shown = {s.item_id: s for s in scores if s.shots > 0}
    return np.array(
        [[fewest[i].nats / log(2), shown[i].nats / log(2), shown[i].bytes] for i in fewest], dtype=np.float64
    )


def _gain(sums: Floats) -> Floats:
    return np.asarray((sums[:, ZERO] - sums[:, FEW]) / sums[:, BYTES])
