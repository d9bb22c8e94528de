"""Series of the training: what was trained on, and what happened step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.series import Cell, Series
from rantau.stages.report.vocabulary_facts import VocabularyFacts
from rantau.stages.report.wording import Wording


def half_life(n_steps: int) -> int:
    """Steps after which a loss counts half in the smoothed line."""
    return max(2, round(n_steps / 20))


def smoothed(values: Sequence[float], half: int) -> list[float]:
    """Exponentially weighted mean of what came before, corrected for its start."""
    keep = 0.5 ** (1 / half)
    line, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = keep * total + value, keep * weight + 1
        line.append(total / weight)
    return line


def training_loss(phases: Iterable[PhaseFacts]) -> Series:
    """loss_nats: a learnt token of each batch (dpo: a pair); smoothed: the mean of the steps before."""
    rows: list[tuple[Cell, ...]] = []
    for phase in phases:
        losses = [p.loss for p in phase.curve]
        line = smoothed(losses, half_life(len(losses)))
        rows += [(phase.name, phase.kind, p.step, p.loss, s) for p, s in zip(phase.curve, line, strict=True)]
    return Series("training_loss", ("phase", "kind", "step", "loss_nats", "smoothed"), tuple(rows))


def learning_rate(phases: Iterable[PhaseFacts]) -> Series:
    """Rate of the A matrices at each step, and of the B matrices, which LoRA+ raises."""
    columns = ("phase", "step", "rate_a", "rate_b")
    rows: list[tuple[Cell, ...]] = []
    for phase in phases:
        ratio = phase.learning_rate_b / phase.learning_rate
        rows += [(phase.name, p.step, p.learning_rate, p.learning_rate * ratio) for p in phase.curve]
    return Series("learning_rate", columns, tuple(rows))


def held_back(phases: Iterable[PhaseFacts]) -> Series:
    """Bits per byte of the rows held back for early stopping; best is 1 for the adapter that was kept, else 0."""
    rows: list[tuple[Cell, ...]] = [
        (phase.name, h.step, h.bits_per_byte, int(h == phase.best)) for phase in phases for h in phase.held_back
    ]
    return Series("held_back", ("phase", "step", "bits_per_byte", "best"), tuple(rows))


def composition(facts: Facts, words: Wording) -> Series:
    columns = ("phase", "source", "language", "tokens", "share_percent", "asked_percent")
    rows = [
        (p.phase, p.source, words.language_name(p.language, facts.languages), p.tokens, 100 * p.share,
         100 * p.asked_share)
        for p in facts.composition
    ]  # fmt: skip
    return Series("composition", columns, tuple(rows))


def preferred(phases: Iterable[PhaseFacts]) -> Series:
    """Share of each batch's pairs whose chosen answer gained more, and the mean of the steps before; dpo only."""
    rows: list[tuple[Cell, ...]] = []
    for phase in phases:
        told = [(p.step, 100 * p.preferred) for p in phase.curve if p.preferred is not None]
        line = smoothed([share for _, share in told], half_life(len(told)))
        rows += [(phase.name, step, share, mean) for (step, share), mean in zip(told, line, strict=True)]
    return Series("preferred", ("phase", "step", "preferred_percent", "smoothed"), tuple(rows))


def vocabulary_size(extended: VocabularyFacts | None) -> Series:
    """What so many words would save of the held-out text; added is 1 for as many as were added, else 0."""
    columns = ("words", "saved_percent", "added")
    if extended is None or len(extended.sizes) < 2:
        return Series("vocabulary_size", columns, ())
    rows = [(s.words, 100 * s.saved_share, int(s.words == extended.words)) for s in extended.sizes]
    return Series("vocabulary_size", columns, tuple(rows))
