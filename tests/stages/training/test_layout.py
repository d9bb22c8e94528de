"""Layouts: every document once, no limit broken, and no cheaper way."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.stages.training.layout import Layout, grouped, positions

ROWS = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=5), min_size=1, max_size=8)
LAYOUTS = st.builds(
    Layout,
    rows=st.integers(1, 9),
    tokens=st.none() | st.integers(1, 200),
    pass_cost=st.integers(0, 100),
    packed=st.booleans(),
    chained=st.booleans(),
)


@given(ROWS, LAYOUTS)
def test_every_document_is_in_one_pass(parts: list[list[int]], layout: Layout) -> None:
    passes = layout.passes(parts)
    assert sorted(n for p in passes for s in p for n in s) == list(range(sum(map(len, parts))))
    assert passes == layout.passes(parts)


@given(ROWS, LAYOUTS)
def test_documents_share_a_sequence_only_when_packed(parts: list[list[int]], layout: Layout) -> None:
    row_of = [row for row, sizes in enumerate(parts) for _ in sizes]
    for sequence in (s for p in layout.passes(parts) for s in p):
        if not layout.packed:
            assert len(sequence) == 1
        elif not layout.chained:
            assert len({row_of[n] for n in sequence}) == 1
            assert len(sequence) == len(parts[row_of[sequence[0]]])


@given(ROWS, LAYOUTS)
def test_no_pass_holds_more_than_it_may(parts: list[list[int]], layout: Layout) -> None:
    sizes, longest = [n for row in parts for n in row], max(map(sum, parts))
    for one in layout.passes(parts):
        computed = positions([one], sizes)
        assert computed <= layout.rows * longest
        if layout.tokens is not None and computed > layout.tokens:
            assert len(one) == 1


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 4), st.integers(1, 30), st.integers(0, 9)
)
def test_no_other_way_to_part_them_costs_less(lengths: list[int], at_most: int, tokens: int, cost: int) -> None:
    def price(groups: list[list[int]]) -> int:
        return sum(cost + len(g) * max(lengths[n] for n in g) for g in groups)

    found = grouped(lengths, at_most=at_most, tokens=tokens, pass_cost=cost)
    order = [n for group in found for n in group]
    assert [lengths[n] for n in order] == sorted(lengths, reverse=True)
    best = None
    for borders in itertools.product([False, True], repeat=len(order) - 1):
        groups = [[order[0]]]
        for n, border in zip(order[1:], borders, strict=True):
            groups.append([n]) if border else groups[-1].append(n)
        if all(len(g) == 1 or (len(g) <= at_most and len(g) * lengths[g[0]] <= tokens) for g in groups):
            best = price(groups) if best is None else min(best, price(groups))
    assert price(found) == best


def test_layouts_by_hand() -> None:
    parts = [[4, 6], [10], [5]]  # documents 0 and 1 share a row
    assert Layout(rows=3, pass_cost=0).passes(parts) == [[[2]], [[1]], [[3]], [[0]]]
    assert Layout(rows=3, pass_cost=2).passes(parts) == [[[2]], [[1], [3], [0]]]
    assert Layout(rows=3, pass_cost=2, tokens=12).passes(parts) == [[[2]], [[1]], [[3], [0]]]
    assert Layout(rows=3, pass_cost=2, packed=True).passes(parts) == [[[0, 1], [2]], [[3]]]
    assert Layout(rows=1, pass_cost=99, packed=True).passes(parts) == [[[0, 1]], [[2]], [[3]]]
    assert Layout(rows=3, pass_cost=9, packed=True, chained=True).passes(parts) == [[[0, 1, 2, 3]]]


def test_pad_share_by_hand() -> None:
    layout = Layout(rows=2, pass_cost=100)
    assert layout.pad_share([[[4], [2]], [[5]]]) == pytest.approx(2 / 13)
    assert Layout(rows=2, pass_cost=0).pad_share([[[4], [2]], [[5]]]) == 0.0
    assert Layout(rows=2, pass_cost=100, packed=True).pad_share([[[4, 2], [2]]]) == pytest.approx(4 / 12)
