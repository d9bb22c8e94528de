import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from rantau.language import load_profile
from rantau.stages.evaluation.metrics import bleu as module
from rantau.stages.evaluation.metrics.bleu import WIDTH, bleu, bleu_signature, bleu_statistics, bleu_tokenizer
from rantau.stages.evaluation.metrics.speech import Texts

ANSWERS = ("Ibu kota Indonesia adalah Jakarta.", "Saya tidak tahu", "", "kucing itu tidur di atas kursi tua")
REFERENCES = ("Jakarta adalah ibu kota Indonesia.", "Kucing itu tidur.", "Ada.", "Kucing itu tidur di atas kursi.")
SACREBLEU = BLEU(force=True)
WORD = st.sampled_from("a b c d e .".split())
TEXT = st.lists(WORD, max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(TEXT, TEXT.filter(bool)), min_size=1, max_size=5)


def ours(answers: Texts, references: Texts, tokenizer: str = "13a") -> float:
    return float(bleu(bleu_statistics(answers, references, tokenizer=tokenizer).sum(axis=0)))


@given(PAIRS)
@settings(max_examples=60)
def test_any_texts_score_as_in_sacrebleu(pairs: list[tuple[str, str]]) -> None:
    answers, references = (tuple(side) for side in zip(*pairs, strict=True))
    theirs = SACREBLEU.corpus_score(list(answers), [list(references)]).score
    assert ours(answers, references) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("tokenizer", ["13a", "char", "intl"])
def test_every_tokeniser_scores_as_in_sacrebleu(tokenizer: str) -> None:
    theirs = BLEU(tokenize=tokenizer).corpus_score(list(ANSWERS), [list(REFERENCES)]).score
    assert ours(ANSWERS, REFERENCES, tokenizer) == pytest.approx(theirs, abs=1e-9)


def test_sums_of_many_draws_at_once() -> None:
    table = bleu_statistics(ANSWERS, REFERENCES, tokenizer="13a")
    assert table.shape == (4, WIDTH)
    draws = np.array([[0, 1, 2, 3], [0, 0, 3, 3], [2, 2, 2, 2]])
    theirs = [SACREBLEU.corpus_score([ANSWERS[i] for i in d], [[REFERENCES[i] for i in d]]).score for d in draws]
    assert bleu(table[draws].sum(axis=1)) == pytest.approx(theirs, abs=1e-9)


def test_identity_is_100_and_nothing_shared_is_0() -> None:
    assert ours(REFERENCES[:1], REFERENCES[:1]) == pytest.approx(100.0)
    assert ours(("a b c d",), ("w x y z",)) == 0.0
    assert bleu(np.zeros((2, WIDTH))).tolist() == [0.0, 0.0]


def test_korean_is_counted_by_morpheme_where_the_package_is_there() -> None:
    pytest.importorskip("mecab_ko", reason="the extra rantau[korean] is not installed")
    korean = load_profile("kor")
    assert bleu_tokenizer(korean) == "ko-mecab"
    assert "tok:ko-mecab" in bleu_signature("ko-mecab")
    same = ("서울은 대한민국의 수도이다.",)
    assert ours(same, same, "ko-mecab") == pytest.approx(100.0)
    said = ("대한민국의 수도는 서울입니다.",)
    theirs = BLEU(tokenize="ko-mecab").corpus_score(list(said), [list(same)]).score
    assert ours(said, same, "ko-mecab") == pytest.approx(theirs, abs=1e-9)


def test_korean_is_counted_by_character_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        module.importlib.util, "find_spec", lambda name: None if name == "mecab_ko" else real(name)
    )
    assert bleu_tokenizer(load_profile("kor")) == "char"
    assert bleu_tokenizer(load_profile("ind")) == "13a"
    assert "tok:char" in bleu_signature("char")
