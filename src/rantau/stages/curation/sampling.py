"""Fewer rows of a source: n at random, or an equal share of every stratum."""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Sequence

from rantau.errors import RecipeError
from rantau.recipe import SamplingStep
from rantau.records import Document
from rantau.stats import largest_remainder

POOL = ("",)


def draw_order(seed: int, purpose: str, id_: str) -> str:
    """Sort key of a draw; a document's place does not depend on which others are there."""
    return hashlib.sha256(f"{seed}\0{purpose}\0{id_}".encode()).hexdigest()


def sample(documents: Sequence[Document], step: SamplingStep, *, seed: int, purpose: str) -> list[Document]:
    """The drawn documents in their old order.

    purpose  name of the draw: two steps over one source draw differently
    Raises   RecipeError if a stratum column is in none of the rows
    """
    if step.method == "random":
        return _draw(documents, min(step.n or 0, len(documents)), seed, purpose)
    return sample_stratified(documents, step, seed=seed, purpose=purpose)


def sample_stratified(
    documents: Sequence[Document], step: SamplingStep, *, seed: int, purpose: str
) -> list[Document]:
    """`share` of all rows, every stratum in proportion; strata below min_stratum are one.

    Quotas are whole numbers by largest remainder: each within 1 of exact, their sum exact.
    """
    _check_columns(documents, step)
    strata: defaultdict[tuple[str, ...], list[Document]] = defaultdict(list)
    for document in documents:
        strata[tuple(document.fields.get(column, "") for column in step.by)].append(document)
    pooled: defaultdict[tuple[str, ...], list[Document]] = defaultdict(list)
    for stratum, members in sorted(strata.items()):
        pooled[stratum if len(members) >= step.min_stratum else POOL].extend(members)
    total = round((step.share or 0.0) * len(documents))
    if total == 0:
        return []
    quotas = largest_remainder([len(m) for m in pooled.values()], total)
    drawn = {
        d.id for members, n in zip(pooled.values(), quotas, strict=True) for d in _draw(members, n, seed, purpose)
    }
    return [d for d in documents if d.id in drawn]


def _draw(documents: Sequence[Document], n: int, seed: int, purpose: str) -> list[Document]:
    drawn = {d.id for d in sorted(documents, key=lambda d: draw_order(seed, purpose, d.id))[:n]}
    return [d for d in documents if d.id in drawn]


def _check_columns(documents: Sequence[Document], step: SamplingStep) -> None:
    known = sorted({name for d in documents for name in d.fields})
    for column in step.by:
        if documents and column not in known:
            near = difflib.get_close_matches(column, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Columns: {', '.join(known) or 'none'}."
            raise RecipeError(f"curation.sampling.{step.source}: no row has the column {column}. {hint}")
