"""How the documents of a batch are laid out in forward passes: the machine's matter, never what is learnt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pass = list[list[int]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Limits of a forward pass.

    rows       rows of a batch that one pass may hold
    tokens     positions that one pass may hold, padding counted; None = as many as the rows have. A longer row
               is computed alone
    pass_cost  what a pass costs besides its positions, in positions
    packed     a packed row stays one sequence, its documents kept apart by attention; else each document is a
               sequence of its own
    chained    with packed: all rows of a pass are one sequence, for attention that takes a single one
    """

    rows: int
    tokens: int | None = None
    pass_cost: int = 64
    packed: bool = False
    chained: bool = False

    def passes(self, parts: Sequence[Sequence[int]]) -> list[Pass]:
        """Forward passes over a batch; a pass is a list of sequences, each a list of documents.

        parts    tokens of each document of each row of the batch
        Returns  documents are numbered through the batch, each is in exactly one pass. Sequences of like length
                 are side by side, the longest first; of all ways to part them so, the one that computes least
        """
        rows = _numbered(parts)
        sizes = [n for row in parts for n in row]
        sequences = rows if self.packed else [[n] for row in rows for n in row]
        lengths = [sum(sizes[n] for n in sequence) for sequence in sequences]
        longest = max(sum(row) for row in parts)
        budget = self.rows * longest if self.tokens is None else min(self.rows * longest, self.tokens)
        at_most = self.rows if self.packed else self.rows * max(map(len, parts))
        groups = grouped(lengths, at_most=at_most, tokens=budget, pass_cost=self.pass_cost)
        found = [[sequences[n] for n in group] for group in groups]
        return (
            [[[n for sequence in p for n in sequence]] for p in found] if self.packed and self.chained else found
        )

    def pad_share(self, batches: Iterable[Sequence[Sequence[int]]]) -> float:
        """Padding over all positions that are computed for these batches, 0..1; a batch as for `passes`."""
        tokens = computed = 0
        for parts in batches:
            sizes = [n for row in parts for n in row]
            tokens += sum(sizes)
            computed += positions(self.passes(parts), sizes)
        return 1 - tokens / computed


def _numbered(parts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The numbers of each row's documents."""
    numbers, start = [], 0
    for row in parts:
        numbers.append(list(range(start, start + len(row))))
        start += len(row)
    return numbers


def grouped(lengths: Sequence[int], *, at_most: int, tokens: int, pass_cost: int) -> list[list[int]]:
    """Sequences parted into groups of like length, the longest first, at the least cost.

    A group costs pass_cost and its longest sequence times its members; it has no more than `at_most` members
    and `tokens` positions, or one member.
    """
    order = sorted(range(len(lengths)), key=lambda n: (-lengths[n], n))
    cost, begin = [0], [0]  # of the first n sequences: least cost, and where its last group begins
    for end in range(1, len(order) + 1):
        options = []
        for start in range(end - 1, max(end - 1 - at_most, -1), -1):
            positions = (end - start) * lengths[order[start]]
            if positions > tokens and end - start > 1:
                break
            options.append((cost[start] + pass_cost + positions, start))
        least, where = min(options)
        cost.append(least)
        begin.append(where)
    groups, end = [], len(order)
    while end:
        groups.append(order[begin[end] : end])
        end = begin[end]
    return groups[::-1]


def positions(passes: Sequence[Pass], sizes: Sequence[int]) -> int:
    """Positions that are computed, padding counted; sizes: tokens of each document."""
    return sum(len(p) * max(sum(sizes[n] for n in sequence) for sequence in p) for p in passes)
