import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from rantau.stages.evaluation.metrics.overlap import WIDTH, chrf, chrf_signature, overlap_statistics

ANSWERS = ["Ibu kota Indonesia adalah Jakarta.", "Saya tidak tahu", "", "서울은 수도이다.", "a"]
REFERENCES = [
    "Jakarta adalah ibu kota Indonesia.",
    "Kucing itu tidur.",
    "Ada.",
    "서울은 대한민국의 수도이다.",
    "a b",
]
TEXTS = st.lists(
    st.tuples(st.text("ab c.(é서", max_size=20), st.text("ab c.(é서", min_size=1, max_size=20)),
    min_size=1,
    max_size=6,
)


def test_corpus_score_is_sacrebleus() -> None:
    ours = float(chrf(overlap_statistics(ANSWERS, REFERENCES).sum(axis=0)))
    assert ours == pytest.approx(CHRF(word_order=2).corpus_score(ANSWERS, [REFERENCES]).score, abs=1e-9)


def test_sentence_scores_are_sacrebleus() -> None:
    ours = chrf(overlap_statistics(ANSWERS, REFERENCES))
    theirs = [CHRF(word_order=2).sentence_score(a, [r]).score for a, r in zip(ANSWERS, REFERENCES, strict=True)]
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(TEXTS)
@settings(max_examples=60)
def test_any_texts_score_as_in_sacrebleu(pairs: list[tuple[str, str]]) -> None:
    answers, references = [list(side) for side in zip(*pairs, strict=True)]
    ours = float(chrf(overlap_statistics(answers, references).sum(axis=0)))
    assert ours == pytest.approx(CHRF(word_order=2).corpus_score(answers, [references]).score, abs=1e-9)


def test_identity_is_100_and_nothing_shared_is_0() -> None:
    same = overlap_statistics(["서울은 대한민국의 수도이다."], ["서울은 대한민국의 수도이다."])
    assert same.shape == (1, WIDTH)
    assert chrf(same).tolist() == pytest.approx([100.0])
    assert chrf(overlap_statistics(["abc"], ["xyz"])).tolist() == [0.0]
    assert chrf(np.zeros((2, WIDTH))).tolist() == [0.0, 0.0]


def test_signature_names_word_order_and_version() -> None:
    signature = chrf_signature()
    assert signature.startswith("chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:")
