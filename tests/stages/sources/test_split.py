"""The held-out side depends on the group alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.recipe import Holdout
from rantau.stages.sources.rows import BadRow, Row
from rantau.stages.sources.split import group_of, is_held_out, text_key


def row(ordinal: int = 1, **values: object) -> Row:
    return Row("a.jsonl", "a.jsonl", ordinal, ordinal, values)


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_what_was_held_out(group: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert not is_held_out(1, "s", group, low) or is_held_out(1, "s", group, high)


def test_the_share_is_met_and_its_ends_are_exact() -> None:
    held = sum(is_held_out(7, "s", f"g{i}", 0.1) for i in range(20_000))
    assert 1_850 < held < 2_150  # 0.1 +- 3.5 standard deviations
    assert not any(is_held_out(7, "s", f"g{i}", 0.0) for i in range(1000))
    assert all(is_held_out(7, "s", f"g{i}", 1.0) for i in range(1000))


def test_seed_and_source_draw_differently() -> None:
    def draw(seed: int, source: str) -> list[bool]:
        return [is_held_out(seed, source, f"g{i}", 0.5) for i in range(64)]

    assert draw(1, "a") == draw(1, "a")
    assert draw(1, "a") != draw(2, "a")
    assert draw(1, "a") != draw(1, "b")


def test_equal_texts_are_one_group() -> None:
    holdout = Holdout(by="row")
    assert group_of(row(1), "Halo  dunia", holdout) == group_of(row(9), "halo dunia ", holdout)
    assert text_key("halo") != text_key("hallo")


def test_blocks_are_neighbours_of_one_file() -> None:
    holdout = Holdout(by="block", block_rows=3)
    groups = [group_of(row(i), "x", holdout) for i in range(1, 8)]
    assert [groups.index(g) for g in groups] == [0, 0, 0, 3, 3, 3, 6]


def test_a_column_groups_and_must_be_there() -> None:
    holdout = Holdout(by="topic")
    assert group_of(row(topic="a"), "x", holdout) == group_of(row(2, topic="a"), "y", holdout)
    with pytest.raises(BadRow, match=r'holdout.by: no column "topic"; did you mean "topics"'):
        group_of(row(topics="a"), "x", holdout)
    with pytest.raises(BadRow, match='"topic" is empty'):
        group_of(row(topic=None), "x", holdout)
