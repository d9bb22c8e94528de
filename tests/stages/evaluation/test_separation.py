import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from rantau.stages.evaluation.metrics.separation import (
    FEWEST_HALVED,
    MOST_PAIRED,
    area_under_curve,
    cosine_passed_by,
    separation_of,
    some_of,
)

COSINES = st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=40)


@given(COSINES, COSINES)
def test_the_area_is_scikit_learns(related: list[float], unrelated: list[float]) -> None:
    truth = [1] * len(related) + [0] * len(unrelated)
    theirs = roc_auc_score(truth, related + unrelated)
    assert area_under_curve(np.array(related), np.array(unrelated)) == pytest.approx(theirs)


@given(COSINES, st.sampled_from([0.01, 0.1, 0.5]))
def test_no_more_than_the_share_reaches_the_threshold(cosines: list[float], share: float) -> None:
    threshold = cosine_passed_by(np.array(cosines), share)
    assert np.mean(np.array(cosines) >= threshold) <= share
    lower = threshold - 0.0002  # two steps: a cosine on a step is left by one
    allowed = int(share * len(cosines))
    assert np.sum(np.array(cosines) >= lower) > allowed


def unit(*rows: list[float]) -> np.ndarray:
    table = np.array(rows, dtype=np.float32)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), dtype=np.float32)


NO_HALVES = (np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))


def test_pairs_of_references_that_say_the_same_are_not_unrelated() -> None:
    vectors = unit([1, 0], [1, 0], [0, 1])
    found = separation_of(vectors, vectors, NO_HALVES, ["a", "a", "b"], threshold=0.5, unrelated_share=0.01)
    assert (found.n_pairs, found.unrelated_share, found.alike_share) == (4, 0.0, 0.0)
    assert found.area is None and not found.fails and found.rule == "given"
    alone = separation_of(vectors, vectors, NO_HALVES, ["a"] * 3, threshold="auto", unrelated_share=0.01)
    assert (alone.n_pairs, alone.threshold) == (0, 1.0)


def test_an_encoder_that_finds_everything_alike_fails() -> None:
    draw = np.random.default_rng(0)
    alike = unit(*(np.array([5.0, 0, 0]) + draw.normal(0, 1, (40, 3))).tolist())
    given_ = separation_of(alike, alike, NO_HALVES, range(40), threshold=0.5, unrelated_share=0.01)
    assert given_.unrelated_share > 0.9 and given_.fails
    auto = separation_of(alike, alike, (alike, alike[::-1]), range(40), threshold="auto", unrelated_share=0.01)
    assert auto.unrelated_share <= 0.01 and auto.threshold > 0.9
    assert auto.alike_share > 0.9 and auto.area is not None and auto.area < 0.75 and auto.fails
    found = separation_of(alike, alike, (alike, alike), range(40), threshold="auto", unrelated_share=0.01)
    assert found.alike_share > 0.9 and found.area == 1.0 and not found.fails  # high cosines, but it can tell


def test_an_encoder_that_knows_its_texts_passes() -> None:
    draw = np.random.default_rng(0)
    apart = unit(*draw.normal(0, 1, (60, 30)).tolist())
    near = unit(*(apart + draw.normal(0, 0.1, apart.shape)).tolist())
    found = separation_of(apart, apart, (apart, near), range(60), threshold="auto", unrelated_share=0.01)
    assert found.area == 1.0 and not found.fails
    assert 0.3 < found.threshold < 0.7


def test_few_halves_give_no_area() -> None:
    few = unit(*np.eye(FEWEST_HALVED - 1).tolist())
    assert separation_of(few, few, (few, few), range(len(few)), threshold=0.5, unrelated_share=0.01).area is None


def test_at_most_so_many_are_paired() -> None:
    assert some_of(5, seed=1) == [0, 1, 2, 3, 4]
    chosen = some_of(3 * MOST_PAIRED, seed=1)
    assert len(set(chosen)) == MOST_PAIRED and chosen == sorted(chosen) != some_of(3 * MOST_PAIRED, seed=2)
