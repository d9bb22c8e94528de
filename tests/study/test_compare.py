"""Arms are compared over the same items, by known numbers and by other libraries."""

from pathlib import Path

import pytest
import sacrebleu
from scipy import stats

from rantau.errors import MeasureError
from rantau.records import BASE_ARM, ArmFigure
from rantau.study.arms import figures_of, gather
from rantau.study.compare import Difference, differences_to
from rantau.study.running import Done
from tests.study.made import REFERENCES, recipe, said, trial

NEWS, BLEU = ("bits_per_byte", "news"), ("bleu", "talks")
RIGHT = {("a", 0): (6, 8), ("a", 1): (7, 9), ("b", 0): (20, 22), ("b", 1): (21, 23)}
BITS = {("a", 0): 2.0, ("a", 1): 2.2, ("b", 0): 1.05, ("b", 1): 1.15}
EVALUATION = recipe().evaluation


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> list[Done]:
    folder = tmp_path_factory.mktemp("trials")
    return [
        trial(folder, *key, bits=BITS[key], answers=[said(n, run) for run, n in enumerate(RIGHT[key])])
        for key in RIGHT
    ]


@pytest.fixture(scope="module")
def figures(done: list[Done]) -> dict[tuple[str, tuple[str, str]], ArmFigure]:
    return {(f.arm, f.key): f for f in figures_of(gather("ab", done), EVALUATION, seed=1)}


def differences(done: list[Done], against: str, arms: str = "ab") -> dict[tuple[str, tuple[str, str]], Difference]:
    gathered = gather(arms, done)
    mine = [f for f in figures_of(gathered, EVALUATION, seed=1, arms=list(arms)) if f.key in (NEWS, BLEU)]
    return {(d.arm, d.key): d for d in differences_to(against, gathered, mine, EVALUATION, seed=1)}


def test_figures_are_means_over_trainings_of_means_over_runs(
    figures: dict[tuple[str, tuple[str, str]], ArmFigure],
) -> None:
    a = figures["a", NEWS]
    assert a.value == pytest.approx(2.1)
    assert a.sd_trainings == pytest.approx(0.1 * 2**0.5)
    assert (a.sd_runs, a.n) == (None, 30)
    each = [[sacrebleu.corpus_bleu(said(n, run), [REFERENCES]).score for run, n in enumerate(RIGHT["a", s])] for s in (0, 1)]  # fmt: skip  # noqa: E501
    bleu = figures["a", BLEU]
    assert [list(r) for r in bleu.runs] == [pytest.approx(r) for r in each]
    assert bleu.value == pytest.approx(sum(map(sum, each)) / 4)
    assert bleu.sd_runs == pytest.approx((sum(stats.tstd(r) ** 2 for r in each) / 2) ** 0.5)
    assert (bleu.ceiling, bleu.chance, figures[BASE_ARM, BLEU].chance) == (100.0, 1.0, 2.0)
    assert figures[BASE_ARM, NEWS].value == pytest.approx(3.0)


def test_a_difference_has_its_items_and_its_trainings_apart(done: list[Done]) -> None:
    found = differences(done, "a")
    news = found["b", NEWS]
    assert news.unit == "relative"
    assert news.value == pytest.approx(1.1 / 2.1 - 1)
    pairs = [1.05 / 2.0 - 1, 1.15 / 2.2 - 1]
    reach = stats.t.ppf(0.975, 1) * stats.sem(pairs)
    assert (news.seed_low, news.seed_high) == (
        pytest.approx(sum(pairs) / 2 - reach), pytest.approx(sum(pairs) / 2 + reach),
    )  # fmt: skip
    assert (news.effect, news.other_seeds, news.trainings) == ("better", True, 2)
    assert found["b", BLEU].effect == "better"
    assert found["b", BLEU].p < 0.01


def test_holm_corrects_for_all_arms_of_a_figure(tmp_path: Path, done: list[Done]) -> None:
    more = [*done, *(trial(tmp_path, "c", n, bits=2.1, answers=[said(2), said(2, 1)]) for n in (0, 1))]
    found = differences(more, BASE_ARM, "abc")
    p = {arm: found[arm, BLEU].p for arm in "abc"}
    ordered = sorted(p.values())
    assert p["c"] == 1.0, "the same answers as the base model"
    assert found["c", BLEU].effect == "unclear"
    assert found["b", BLEU].p_holm == pytest.approx(min(1.0, 3 * ordered[0]))
    assert found["a", BLEU].p_holm == pytest.approx(max(3 * ordered[0], 2 * ordered[1]))


def test_one_training_says_nothing_of_other_seeds(done: list[Done]) -> None:
    found = differences([d for d in done if d.trial.repeat == 0], "a")["b", NEWS]
    assert (found.seed_low, found.other_seeds, found.effect) == (None, None, "better")


def test_a_failed_trial_is_left_out_and_pairs_are_of_one_repetition(done: list[Done]) -> None:
    lost = [Done(d.trial, {}, error="boom") if (d.trial.arm, d.trial.repeat) == ("a", 0) else d for d in done]
    found = differences(lost, "a")["b", NEWS]
    assert found.trainings == 1
    assert found.value == pytest.approx(1.15 / 2.2 - 1)
    with pytest.raises(MeasureError, match=r"no trial has finished.* The first to fail, a, repetition 1: "):
        gather("ab", [Done(d.trial, {}, error="boom") for d in done])


def test_other_items_are_refused(tmp_path: Path, done: list[Done]) -> None:
    odd = trial(tmp_path, "b", 2, bits=1.0, answers=[said(3), said(4)], n_texts=29)
    with pytest.raises(MeasureError, match="the arm b was measured on other held-out items of news"):
        gather("ab", [*done, odd])


def test_a_score_that_its_answers_do_not_give_is_refused(tmp_path: Path) -> None:
    wrong = trial(tmp_path, "a", 0, bits=1.0, answers=[said(3), said(4)], change_scores=0.01)
    with pytest.raises(MeasureError, match=r"chrf\+\+ of adapted is [\d.]+ in its scores, but its answers give"):
        gather("a", [wrong])


def test_each_arm_is_held_against_the_base_model_that_it_started_from(tmp_path: Path) -> None:
    better = trial(tmp_path, "b", 0, bits=2.0, answers=[said(20)], base_answers=[said(20)])
    found = differences([trial(tmp_path, "a", 0, bits=2.0, answers=[said(20)]), better], BASE_ARM)
    assert found["a", BLEU].effect == "better"
    assert (found["b", BLEU].value, found["b", BLEU].p) == (0.0, 1.0)
