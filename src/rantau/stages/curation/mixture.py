"""The documents of one phase: every source has its share of the tokens, and no document is repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rantau.errors import DataError
from rantau.recipe import Phase
from rantau.records import Document
from rantau.stages.curation.sampling import draw_order
from rantau.stages.curation.weighing import weight
from rantau.stats import largest_remainder


@dataclass(frozen=True, slots=True)
class Part:
    """What a source gives to a phase; tokens are counted as the phase will see them.

    available  tokens of all documents that are left after curation
    """

    source: str
    documents: tuple[Document, ...]
    tokens: int
    available: int
    asked_share: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """tokens  drawn for all sources together; asked  by the recipe, None = as many as the shares allow."""

    parts: tuple[Part, ...]
    tokens: int
    asked: int | None

    @property
    def is_short(self) -> bool:
        """A source ran out: the shares were kept and the total came out smaller."""
        return self.asked is not None and self.tokens < 0.98 * self.asked


def mix(
    phase: Phase, documents: Mapping[str, Sequence[Document]], n_tokens: Mapping[str, int], *, seed: int
) -> Mixture:
    """Draws documents of each source, in an order given by the seed, until its share of the tokens is full.

    If a source is too small for its share, the total shrinks and the shares stay: 20 % replay remains 20 %.
    documents  source -> documents after curation
    n_tokens   document id -> tokens
    Raises     DataError if a source with a share has nothing to give
    """
    shares = {name: share for name, share in phase.mixture.items() if share > 0}
    weights = {d.id: weight(n_tokens[d.id], phase) for name in shares for d in documents[name]}
    available = {name: sum(weights[d.id] for d in documents[name]) for name in shares}
    for name, tokens in available.items():
        if tokens == 0:
            raise DataError(
                f"phases.{phase.name}: the source {name} has no document to train on. "
                "See dropped.jsonl of curate and gather, or take it out of the mixture."
            )
    largest = int(min(available[name] / share for name, share in shares.items()))
    total = largest if phase.tokens is None else min(phase.tokens, largest)
    quotas = dict(zip(shares, largest_remainder(list(shares.values()), total), strict=True))
    parts = []
    for name, share in shares.items():
        drawn = _fill(quotas[name], documents[name], weights, seed, f"mixture {phase.name} {name}")
        tokens = sum(weights[d.id] for d in drawn)
        parts.append(Part(name, tuple(drawn), tokens, available[name], share))
    return Mixture(tuple(parts), sum(p.tokens for p in parts), phase.tokens)


def _fill(
    quota: int, documents: Sequence[Document], weights: Mapping[str, int], seed: int, purpose: str
) -> list[Document]:
    """Documents in the order of the draw; the last one only if that comes nearer to the quota."""
    drawn: list[Document] = []
    tokens = 0
    for document in sorted(documents, key=lambda d: draw_order(seed, purpose, d.id)):
        if tokens + weights[document.id] / 2 > quota:
            break
        drawn.append(document)
        tokens += weights[document.id]
    return drawn


def training_order(mixture: Mixture, phase: Phase, *, seed: int) -> list[Document]:
    """All drawn documents, shuffled by the seed: sources lie mixed, not one behind the other."""
    drawn = [d for part in mixture.parts for d in part.documents]
    return sorted(drawn, key=lambda d: draw_order(seed, f"order {phase.name}", d.id))
