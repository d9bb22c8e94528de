from collections import Counter

import numpy as np
import pytest
from sacrebleu.metrics.chrf import CHRF

from rantau.stages.evaluation.chance import N_SHUFFLES, chance_points, chance_statistics, derangement

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
    orders = [derangement(4, seed=7, name=f"chance.{k}") for k in range(N_SHUFFLES)]
    metric = CHRF(word_order=2)
    expected = np.mean([metric.corpus_score(ANSWERS, [[REFERENCES[i] for i in o]]).score for o in orders])
    ours = float(chance_points(chance_statistics(ANSWERS, REFERENCES, seed=7).sum(axis=0)))
    assert ours == pytest.approx(expected, abs=1e-9)
    assert ours < metric.corpus_score(ANSWERS, [REFERENCES]).score
