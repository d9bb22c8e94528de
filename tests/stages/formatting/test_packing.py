"""Packing: every document once and whole, no row too long, no room wasted that a document would have fitted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.records import Sample
from rantau.stages.formatting import packing
from rantau.stages.formatting.packing import best_fit, packed
from rantau.stages.formatting.samples import Row

ROOM = 32
LENGTHS = st.lists(st.integers(1, ROOM), max_size=60)


def row(n: int, length: int, *, source: str = "a") -> Row:
    ids = tuple(range(100 * n, 100 * n + length))
    return Row(Sample(f"{source}:{n}", source, ids, tuple(i > 0 for i in range(length))), (length,))


def test_best_fit_by_hand() -> None:
    # 7 opens a row, 6 a second; 4 fits only into the second, 3 just into the first; 2 opens a third
    assert best_fit([4, 7, 2, 6, 3], room=10) == [[0, 3], [1, 4], [2]]
    # 5 goes where least is left: into the row of 5, not into that of 4
    assert best_fit([4, 5, 5], room=10) == [[0], [1, 2]]
    assert best_fit([6, 5, 4, 5], room=10) == [[0, 2], [1, 3]]
    assert best_fit([], room=10) == []


@given(LENGTHS)
def test_every_document_is_in_one_row_that_holds_it(lengths: list[int]) -> None:
    rows = best_fit(lengths, room=ROOM)
    assert sorted(n for members in rows for n in members) == list(range(len(lengths)))
    assert all(sum(lengths[n] for n in members) <= ROOM for members in rows)
    assert [members[0] for members in rows] == sorted(members[0] for members in rows)
    assert all(members == sorted(members) for members in rows)


@given(LENGTHS)
def test_no_two_rows_could_be_one(lengths: list[int]) -> None:
    loads = sorted(sum(lengths[n] for n in members) for members in best_fit(lengths, room=ROOM))
    assert len(loads) < 2 or loads[0] + loads[1] > ROOM


@given(LENGTHS, st.integers(1, 5))
def test_windows_keep_every_token(lengths: list[int], window: int) -> None:
    rows = [row(n, length) for n, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "WINDOW_TOKENS", window * ROOM)
        patch.setattr(packing, "WINDOW_ROWS", 1)
        found = list(packed(rows, max_tokens=ROOM))
    assert all(sum(r.parts) == len(r.sample.ids) == len(r.sample.learnt) <= ROOM for r in found)
    assert sorted(_documents(found)) == sorted((r.sample.ids, r.sample.learnt) for r in rows)


def _documents(rows: list[Row]) -> Iterator[tuple[tuple[int, ...], tuple[bool, ...]]]:
    for one in rows:
        start = 0
        for n in one.parts:
            yield one.sample.ids[start : start + n], one.sample.learnt[start : start + n]
            start += n


def test_only_a_window_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "WINDOW_TOKENS", 100)
    monkeypatch.setattr(packing, "WINDOW_ROWS", 1)
    read: list[int] = []

    def endless() -> Iterator[Row]:
        n = 0
        while True:
            read.append(n)
            yield row(n, 10)
            n += 1

    rows = packed(endless(), max_tokens=ROOM)
    assert next(rows).parts == (10, 10, 10)
    assert len(read) == 10
    assert [len(next(rows).parts) for _ in range(4)] == [3, 3, 1, 3]
    assert len(read) == 20


def test_the_window_never_holds_fewer_than_64_rows() -> None:
    rows = [row(n, 40_000) for n in range(66)]
    assert [len(r.parts) for r in packed(rows, max_tokens=40_000)] == [1] * 66
    assert packing.WINDOW_ROWS * 40_000 > packing.WINDOW_TOKENS


def test_a_packed_row_is_named_after_its_first_document() -> None:
    rows = [row(1, 10), row(2, 20, source="b"), row(3, 2), row(4, 30)]
    first, second = packed(rows, max_tokens=ROOM)
    assert (first.sample.id, first.sample.source, first.parts) == ("a:1+1", "a+b", (10, 20))
    assert (second.sample.id, second.sample.source, second.parts) == ("a:3+1", "a", (2, 30))
    assert first.sample.learnt[10] is False and first.sample.learnt[11] is True
