"""Token-weighted mixtures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import DataError
from rantau.stages.curation.mixing.mixture import Pool, mix, training_order
from rantau.stages.curation.mixing.weighing import weight
from tests.stages.curation.given import phase

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def pool(name: str, tokens: list[int]) -> Pool:
    return Pool([f"{name}:{i}" for i in range(len(tokens))], tokens)


@given(SIZES, SIZES, st.floats(0.05, 0.95), st.one_of(st.none(), st.integers(1, 2000)), st.integers(0, 3))
def test_shares_hold_and_nothing_is_repeated(
    a: list[int], b: list[int], share: float, tokens: int | None, seed: int
) -> None:
    pools = {"news": pool("news", a), "books": pool("books", b)}
    asked = phase(mixture={"news": share, "books": 1 - share}, tokens=tokens)
    mixture = mix(asked, pools, seed=seed)
    largest = min(sum(a) / share, sum(b) / (1 - share))
    total = min(tokens or largest, largest)
    for part in mixture.parts:
        assert len(set(part.rows)) == len(part.rows)
        assert part.tokens == sum(pools[part.source].tokens[row] for row in part.rows)
        assert abs(part.tokens - total * part.asked_share) <= 22  # half the longest document, and rounding
    assert mixture.tokens == sum(p.tokens for p in mixture.parts)


def test_a_small_source_shrinks_the_total_and_keeps_the_shares() -> None:
    pools = {"news": pool("news", [10] * 100), "books": pool("books", [10] * 10)}
    asked = phase(mixture={"news": 0.8, "books": 0.2}, tokens=1000)
    mixture = mix(asked, pools, seed=1)
    assert [p.tokens for p in mixture.parts] == [400, 100]
    assert mixture.is_short
    assert not mix(phase(mixture={"news": 0.8, "books": 0.2}), pools, seed=1).is_short


def test_over_long_rows_weigh_what_the_phase_sees() -> None:
    assert weight(600, phase(max_tokens=512)) == 512
    assert weight(600, phase(max_tokens=512, over_long="drop")) == 0
    assert weight(600, phase(max_tokens=512, over_long="error")) == 600
    assert weight(600, phase(kind="cpt", max_tokens=512, over_long="split")) == 600
    assert weight(512, phase(max_tokens=512, over_long="drop")) == 512


def test_an_empty_source_is_named() -> None:
    pools = {"news": pool("news", [5]), "books": pool("books", [])}
    with pytest.raises(DataError, match=r"phases\.cpt: the source books has no document to train on"):
        mix(phase(mixture={"news": 0.5, "books": 0.5}), pools, seed=1)


def test_a_share_of_zero_is_left_out() -> None:
    mixture = mix(phase(mixture={"news": 1.0, "books": 0.0}), {"news": pool("news", [5])}, seed=1)
    assert [p.source for p in mixture.parts] == ["news"]


def test_a_row_that_is_unfit_is_never_drawn() -> None:
    mixture = mix(phase(), {"news": pool("news", [5, 0, 5])}, seed=1)
    assert sorted(mixture.parts[0].rows) == [0, 2]


def test_the_order_mixes_sources_and_follows_the_seed() -> None:
    pools = {"news": pool("news", [5] * 40), "books": pool("books", [5] * 40)}
    asked = phase(mixture={"news": 0.5, "books": 0.5})
    orders = [training_order(mix(asked, pools, seed=s), pools, asked, seed=s) for s in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])
    assert 10 < sum(source == "news" for source, _ in orders[0][:40]) < 30
