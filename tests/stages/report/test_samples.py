"""Samples are picked by the rule that the page prints."""

from __future__ import annotations

from typing import Any

import pytest

from rantau.stages.report.samples import pick, rule, shares_of


def rows(gains: list[float]) -> list[dict[str, Any]]:
    text = {
        "prompt": "p",
        "reference": "r",
        "base": "b",
        "adapted": "a",
        "language_base": "en",
        "language_adapted": "id",
    }
    return [
        {"item_id": f"i{k:02d}", "chrf_base": 50.0, "chrf_adapted": 50.0 + g, **text} for k, g in enumerate(gains)
    ]


@pytest.mark.parametrize("n", range(20))
def test_good_and_bad_are_equally_many(n: int) -> None:
    best, median, worst = shares_of(n)
    assert best + median + worst == n
    assert best == worst
    assert abs(best - median) <= 1


def test_first_middle_and_last_are_shown() -> None:
    picked = pick(rows([3, -1, 7, 0, 5, -9, 1, 2, 4]), 3)
    assert [(p.group, p.rank, p.item.gain) for p in picked] == [
        ("best", 1, 7.0),
        ("median", 5, 2.0),
        ("worst", 9, -9.0),
    ]


def test_equal_gains_are_ordered_by_item() -> None:
    assert [p.item.item_id for p in pick(list(reversed(rows([1.0] * 5))), 5)] == [
        "i00",
        "i01",
        "i02",
        "i03",
        "i04",
    ]


def test_no_answer_is_shown_twice() -> None:
    for n in range(9):
        picked = pick(rows([1, 2, 3, 4]), n)
        assert len(picked) == len({p.item.item_id for p in picked}) == min(n, 4)


def test_the_rule_says_how_many() -> None:
    picked = pick(rows([float(k) for k in range(30)]), 8)
    assert "All 30 prompts" in rule(picked, 30)
    assert "the first 3, the 2 in the middle and the last 3" in rule(picked, 30)
