from collections import Counter

import numpy as np
import pytest
from sacrebleu.metrics.chrf import CHRF

from rantau.stages.evaluation.metrics.chance import N_SHUFFLES, derangement, shuffles
from rantau.stages.evaluation.metrics.overlap import overlap_statistics
from rantau.stages.evaluation.metrics.reference_scores import chrf_scores
from rantau.stages.evaluation.tables import tables_of
from tests.stages.evaluation.said import RESAMPLING, speech, view

ANSWERS = ["nasi goreng enak", "kucing hitam", "hujan deras sekali", "buku lama"]
REFERENCES = ["nasi goreng itu enak", "kucing putih", "hujan turun deras", "buku baru dan lama"]


@pytest.mark.parametrize("n", [2, 3, 5, 64])
def test_nothing_keeps_its_place(n: int) -> None:
    order = derangement(n, seed=1, name="x")
    assert sorted(order) == list(range(n))
    assert all(i != place for place, i in enumerate(order))


def test_derangements_are_uniform() -> None:
    counts = Counter(tuple(derangement(4, seed=seed, name="x")) for seed in range(900))
    assert len(counts) == 9
    assert min(counts.values()) > 60  # 100 expected, standard deviation 9.4


def test_chance_is_the_mean_of_shuffled_scores() -> None:
    metric = CHRF(word_order=2)
    orders = shuffles(4, seed=RESAMPLING["seed"])
    expected = np.mean([metric.corpus_score(ANSWERS, [[REFERENCES[i] for i in o]]).score for o in orders])
    said = speech(view([["x y"] * 4], [ANSWERS], REFERENCES))
    rows = {r.system: r for r in chrf_scores(said, RESAMPLING)}
    assert rows["chance"].value == pytest.approx(expected, abs=1e-9)
    assert f"mean of {N_SHUFFLES} shuffles" in rows["chance"].signature
    assert rows["chance-base"].value == 0.0 != rows["chance"].value


def test_shuffles_take_the_draws_in_turn() -> None:
    draws = [["a"] * 4, ["b"] * 4]
    tables = tables_of(view(draws, draws, REFERENCES), overlap_statistics, seed=1)
    assert tables.chance is not None and len(tables.chance) == N_SHUFFLES
    counted = [bool(overlap_statistics(["b"], ["b"])[0, 2]) and table[:, 2].sum() for table in tables.chance]
    # an "a" stands in three references, a "b" in one: which letter was looked for tells the draw
    assert counted == [3.0, 1.0, 3.0, 1.0, 3.0]
