"""Several documents in one row: best-fit decreasing, window by window."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from rantau.records import Sample
from rantau.stages.formatting.samples import Row

# Documents are packed this many tokens at a time: enough for 512 rows of 2048, so that the rows which a window
# leaves half full are few, and few enough to be held as lists.
WINDOW_TOKENS = 2**20
WINDOW_ROWS = 64


def packed(rows: Iterable[Row], *, max_tokens: int) -> Iterator[Row]:
    """The rows joined into rows of at most max_tokens; every document is whole and in exactly one of them.

    Read in windows of 2^20 tokens, or of 64 full rows if that is more; memory holds one window. Inside a window
    rows come in the order of their first document, and documents of a row in their own order.
    """
    window: list[Row] = []
    n_tokens, limit = 0, max(WINDOW_TOKENS, WINDOW_ROWS * max_tokens)
    for row in rows:
        window.append(row)
        n_tokens += len(row.sample.ids)
        if n_tokens >= limit:
            yield from _packed_window(window, max_tokens)
            window, n_tokens = [], 0
    yield from _packed_window(window, max_tokens)


def _packed_window(window: Sequence[Row], max_tokens: int) -> Iterator[Row]:
    lengths = [len(row.sample.ids) for row in window]
    for members in best_fit(lengths, room=max_tokens):
        yield joined([window[n] for n in members])


def best_fit(lengths: Sequence[int], *, room: int) -> list[list[int]]:
    """Numbers of the documents in each row; both rise.

    Longest first, each into the fullest row that still has room for it, else into a new one; of equals the
    earlier one goes first.
    """
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (tokens left, row) of every row that is not full, rising
    for n in sorted(range(len(lengths)), key=lambda n: (-lengths[n], n)):
        assert 0 < lengths[n] <= room, (n, lengths[n], room)
        at = bisect_left(free, (lengths[n], -1))
        if at == len(free):
            left, row = room, len(rows)
            rows.append([])
        else:
            left, row = free.pop(at)
        rows[row].append(n)
        if left > lengths[n]:
            insort(free, (left - lengths[n], row))
    return sorted(sorted(row) for row in rows)


def joined(rows: Sequence[Row]) -> Row:
    """One row of several. Its id is that of the first and how many follow ("berita:7+3"); its source names each
    source once."""
    if len(rows) == 1:
        return rows[0]
    samples = [row.sample for row in rows]
    sample = Sample(
        f"{samples[0].id}+{len(rows) - 1}",
        "+".join(dict.fromkeys(s.source for s in samples)),
        tuple(i for s in samples for i in s.ids),
        tuple(flag for s in samples for flag in s.learnt),
    )
    return Row(sample, tuple(n for row in rows for n in row.parts))
