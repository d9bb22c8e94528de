"""Semantic match with the encoder made for tests."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import f1_score

from rantau.language import load_profile
from rantau.recipe import Semantic
from rantau.stages.evaluation.metrics.semantic import halves_of, make_judge, semantic_scores, weighted_f1
from rantau.stages.evaluation.metrics.speech import View
from tests.stages.evaluation.said import RESAMPLING, by_system, encode, speech, view

IND = load_profile("ind")
ASKED = Semantic(name="kata", encoder="package:kata", threshold=0.5)
REFERENCES = [f"kata{i}a kata{i}b kata{i}c kata{i}d" for i in range(30)]


def half_right() -> View:
    base = ["", *REFERENCES[:29]]  # nothing, then the answers to other prompts
    adapted = [r if i % 2 else "lain" for i, r in enumerate(REFERENCES)]
    return view([base], [adapted], REFERENCES)


def test_rows() -> None:
    said = half_right()
    judge = make_judge(ASKED, said, IND, encode, seed=1)
    rows = semantic_scores(judge, speech(said), RESAMPLING, alone=True)
    match, f1 = by_system(rows, "semantic_match"), by_system(rows, "weighted_f1")
    assert {m: match[m].value for m in match} == {
        "base": 0.0, "adapted": 0.5, "change": 0.5, "ceiling": 1.0, "chance": 0.0,
        "chance-base": pytest.approx(1 / 30, abs=0.05),
    }  # fmt: skip
    assert match["change"].p_mcnemar is not None and f1["change"].p_value is not None
    assert f1["adapted"].value == pytest.approx(2 / 3)
    assert (
        "encoder:package:kata|threshold:0.5000 given|unrelated_match:0.00 % of 870 pairs" in f1["base"].signature
    )
    assert {r.metric for r in rows} == {"semantic_match", "weighted_f1"}  # no warning


def test_with_several_encoders_their_names_are_told() -> None:
    said = half_right()
    rows = semantic_scores(make_judge(ASKED, said, IND, encode, seed=1), speech(said), RESAMPLING, alone=False)
    assert {r.metric for r in rows} == {"semantic_match:kata", "weighted_f1:kata"}


def test_metric_tokens_show_it_the_cut_answers() -> None:
    whole = view([["lain"] * 30], [["lain"] * 30], REFERENCES)
    cut = view([["lain"] * 30], [REFERENCES], REFERENCES)
    judge = make_judge(ASKED, cut, IND, encode, seed=1)
    rows = semantic_scores(judge, speech(whole, views={"semantic": cut}), RESAMPLING, alone=True)
    assert by_system(rows, "semantic_match")["adapted"].value == 1.0


def test_an_encoder_that_finds_everything_alike_is_told_loudly() -> None:
    said = half_right()
    common = np.eye(1, 256, dtype=np.float32)[0]

    def alike(texts: Sequence[str]) -> np.ndarray:
        vectors = encode(texts) + 2 * common
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    judge = make_judge(ASKED, said, IND, alike, seed=1)
    rows = semantic_scores(judge, speech(said), RESAMPLING, alone=True)
    told = by_system(rows, "semantic_warning")["adapted"]
    assert told.value is None and "does not tell these references apart" in str(told.reason)
    assert "100.0 % match at a cosine of 0.50" in str(told.reason)
    assert by_system(rows, "semantic_match")["base"].value == pytest.approx(29 / 30)  # and the empty one does not
    auto = Semantic(name="kata", encoder="package:kata")
    judge = make_judge(auto, said, IND, alike, seed=1)
    assert judge.separation.threshold > 0.8
    assert by_system(semantic_scores(judge, speech(said), RESAMPLING, alone=True))["base"].value <= 0.05  # type: ignore[operator]


def test_an_empty_answer_matches_nothing_even_below_zero() -> None:
    said = view([[""] * 3], [["lain"] * 3], REFERENCES[:3])
    judge = make_judge(Semantic(name="k", encoder="k", threshold=-1.0), said, IND, encode, seed=1)
    assert judge.marks(said.base[0], said.references)[:, 0].tolist() == [0.0] * 3
    assert judge.marks(said.adapted[0], said.references)[:, 0].tolist() == [1.0] * 3


def test_halves_need_enough_words() -> None:
    assert halves_of("satu dua tiga empat lima enam tujuh delapan.", IND) == (
        "satu dua tiga empat",
        "lima enam tujuh delapan.",
    )
    assert halves_of("satu dua tiga empat lima enam tujuh.", IND) is None


@pytest.mark.parametrize("hits", [0, 1, 7, 19, 20])
def test_the_weighted_f1_is_scikit_learns(hits: int) -> None:
    judged = [1] * hits + [0] * (20 - hits)
    theirs = f1_score([1] * 20, judged, average="weighted", zero_division=0.0)
    assert float(weighted_f1(np.array(hits / 20))) == pytest.approx(theirs)
