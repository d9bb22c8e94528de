"""Draws: exact numbers, exact quotas, and no dependence on order."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import RecipeError
from rantau.recipe import SamplingStep
from rantau.stages.curation.sampling import sample
from tests.stages.curation.given import text


def step(**values: object) -> SamplingStep:
    return SamplingStep.model_validate({"source": "news", **values})


@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 5))
def test_random_draws_exactly_n_in_the_old_order(size: int, n: int, seed: int) -> None:
    documents = [text(f"t{i}", i) for i in range(size)]
    drawn = sample(documents, step(method="random", n=n), seed=seed, purpose="p")
    assert len(drawn) == min(n, size)
    assert [d.row for d in drawn] == sorted(d.row for d in drawn)
    again = sample(documents[::-1], step(method="random", n=n), seed=seed, purpose="p")
    assert {d.id for d in again} == {d.id for d in drawn}


@given(st.lists(st.sampled_from("abcdefg"), max_size=60), st.floats(0, 1), st.integers(1, 4))
def test_stratified_quotas_sum_exactly_and_are_within_one(kinds: list[str], share: float, least: int) -> None:
    documents = [text(f"t{i}", i, kind=kind) for i, kind in enumerate(kinds)]
    asked = step(method="stratified", share=share, by=["kind"], min_stratum=least)
    drawn = sample(documents, asked, seed=1, purpose="p")
    assert len(drawn) == round(share * len(documents))
    sizes, got = Counter(kinds), Counter(d.fields["kind"] for d in drawn)
    for kind, size in sizes.items():
        if size >= least and drawn:
            assert abs(got[kind] - len(drawn) * size / len(documents)) < 1


def test_rare_strata_are_one_stratum() -> None:
    kinds = ["a"] * 20 + list("bcdefghijk")
    documents = [text(f"t{i}", i, kind=kind) for i, kind in enumerate(kinds)]
    asked = step(method="stratified", share=0.5, by=["kind"], min_stratum=2)
    drawn = Counter(d.fields["kind"] for d in sample(documents, asked, seed=1, purpose="p"))
    assert drawn["a"] == 10
    assert drawn.total() == 15


def test_steps_draw_differently_and_seeds_too() -> None:
    documents = [text(f"t{i}", i) for i in range(50)]

    def rows(seed: int, purpose: str) -> list[int]:
        return [d.row for d in sample(documents, step(method="random", n=10), seed=seed, purpose=purpose)]

    assert rows(1, "a") == rows(1, "a")
    assert rows(1, "a") != rows(1, "b")
    assert rows(1, "a") != rows(2, "a")


def test_an_unknown_column_names_the_nearest() -> None:
    documents = [text("t", 1, subset_name="qa")]
    with pytest.raises(
        RecipeError, match=r"sampling\.news: no row has the column subset\. Did you mean subset_name\?"
    ):
        sample(documents, step(method="stratified", share=0.5, by=["subset"]), seed=1, purpose="p")
