import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

from rantau.language import LanguageProfile, load_profile, metric_tokens
from rantau.stages.evaluation.metrics.rouge import (
    ROUGES,
    Rouge,
    common_subsequence,
    rouge_f1,
    rouge_marks,
    rouge_signature,
    rouge_tokeniser,
)

TEXT = st.text("abc 1é서울.-", max_size=25)
WORDS = st.lists(st.sampled_from("abcd"), max_size=14)
KOREAN = "서울은 대한민국의 수도이다."


class Units(Tokenizer):  # type: ignore[misc]
    """The units of a language, as rouge-score takes a tokeniser."""

    def __init__(self, profile: LanguageProfile) -> None:
        self.profile = profile

    def tokenize(self, text: str) -> list[str]:
        return metric_tokens(text.casefold(), self.profile)


@given(TEXT, TEXT)
@settings(max_examples=80)
def test_ascii_scores_as_in_rouge_score(answer: str, reference: str) -> None:
    theirs = RougeScorer(list(ROUGES), use_stemmer=False).score(reference, answer)
    tokenise = rouge_tokeniser("ascii", load_profile("ind"))
    for kind in ROUGES:
        mine = rouge_f1(tokenise(answer), tokenise(reference), kind)
        assert mine == pytest.approx(theirs[kind].fmeasure, abs=1e-12), kind


@pytest.mark.parametrize("code", ["ind", "kor"])
@given(answer=TEXT, reference=TEXT)
@settings(max_examples=40)
def test_unicode_scores_as_rouge_score_with_the_units_of_the_language(
    code: str, answer: str, reference: str
) -> None:
    profile = load_profile(code)
    theirs = RougeScorer(list(ROUGES), tokenizer=Units(profile)).score(reference, answer)
    tokenise = rouge_tokeniser("unicode", profile)
    for kind in ROUGES:
        mine = rouge_marks((answer,), (reference,), kind=kind, tokenise=tokenise)
        assert mine[0, 0] == pytest.approx(100 * theirs[kind].fmeasure, abs=1e-9), kind


@given(WORDS, WORDS)
def test_the_common_subsequence_is_that_of_the_table(first: list[str], second: list[str]) -> None:
    lengths = [0] * (len(second) + 1)
    for a in first:
        before = list(lengths)
        for j, b in enumerate(second, start=1):
            lengths[j] = before[j - 1] + 1 if a == b else max(before[j], lengths[j - 1])
    assert common_subsequence(first, second) == lengths[-1]


@pytest.mark.parametrize("kind", ROUGES)
def test_equal_korean_sentences_are_100_by_unicode_and_0_by_ascii(kind: Rouge) -> None:
    korean = load_profile("kor")
    for words, expected in (("unicode", 100.0), ("ascii", 0.0)):
        tokenise = rouge_tokeniser(words, korean)  # type: ignore[arg-type]
        assert rouge_marks((KOREAN,), (KOREAN,), kind=kind, tokenise=tokenise).tolist() == [[expected]]


def test_signatures_name_the_words() -> None:
    assert "words:kor:characters" in rouge_signature("rougeL", "unicode", load_profile("kor"))
    assert "words:ind:unicode_words" in rouge_signature("rouge1", "unicode", load_profile("ind"))
    assert "words:a-z0-9|case:no|stemmer:no" in rouge_signature("rouge1", "ascii", load_profile("ind"))
