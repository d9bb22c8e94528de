"""Exact match: whether an answer says its reference word for word."""

from __future__ import annotations

from rantau.language import LanguageProfile, words
from rantau.stages.evaluation.metrics.speech import Texts
from rantau.stages.evaluation.tables import Statistics, column

SIGNATURE = "exact_match|case:no|marks and spaces:no"


def exact_marks(answers: Texts, references: Texts, *, profile: LanguageProfile) -> Statistics:
    """(item, 1) 1.0 where both have the same words, case and punctuation aside."""
    return column(
        float(_said(answer, profile) == _said(reference, profile))
        for answer, reference in zip(answers, references, strict=True)
    )


def _said(text: str, profile: LanguageProfile) -> list[str]:
    """The words; a text without any (`?!`, `+`) is itself."""
    return words(text.casefold(), profile) or [text.strip()]
