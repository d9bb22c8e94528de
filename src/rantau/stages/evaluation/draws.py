"""Draws by seed and name, independent of the order of rows: of held-out documents, and of answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rantau.files import sha256_text
from rantau.records import Document
from rantau.stats import largest_remainder

STRATUM = "subset_name"


def ranked(documents: Iterable[Document], *, seed: int, name: str) -> list[Document]:
    """Documents in the order of a hash of seed, name and id: the first n are a random sample of size n,
    and a larger sample holds every smaller one."""
    return sorted(documents, key=lambda d: (sha256_text(f"{seed}|{name}|{d.id}"), d.id))


def even_quotas(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many to take of each stratum, so that the strata are as even as their sizes allow.

    sizes    stratum -> documents in it
    total    documents to take; at most the sum of sizes is taken
    Returns  stratum -> quota, with 0 <= quota <= size; quotas sum to min(total, sum of sizes)
    """
    quotas: dict[str, int] = {}
    open_ = dict(sorted(sizes.items()))
    left = min(total, sum(sizes.values()))
    while small := [name for name, size in open_.items() if size * len(open_) <= left]:
        for name in small:  # gives all it has; what it cannot give goes to the others
            quotas[name] = open_.pop(name)
            left -= quotas[name]
    if open_:
        quotas |= zip(open_, largest_remainder([1.0] * len(open_), left), strict=True)
    return quotas


def draw_evenly(documents: Sequence[Document], n: int, *, seed: int, name: str) -> list[Document]:
    """At most n documents, even over their subset_name, sorted by id.

    Documents without that field are one stratum.
    """
    strata: dict[str, list[Document]] = {}
    for document in ranked(documents, seed=seed, name=name):
        strata.setdefault(document.fields.get(STRATUM, ""), []).append(document)
    quotas = even_quotas({stratum: len(members) for stratum, members in strata.items()}, n)
    drawn = [d for stratum, members in strata.items() for d in members[: quotas[stratum]]]
    return sorted(drawn, key=lambda d: d.id)


def draw_seed(seed: int, item_id: str, draw: int) -> int:
    """The seed of one answer, 0 .. 2**64 - 1: it follows from the recipe's seed, the item and the draw alone."""
    return int(sha256_text(f"{seed}|answer|{item_id}|{draw}")[:16], 16)
