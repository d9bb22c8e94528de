"""Whether a document is in the language that its source declares."""

from __future__ import annotations

from rantau.language import LanguageProfile, in_language, known_languages, load_profile
from rantau.recipe import LanguageCheck, Source
from rantau.records import Document


def profile_of(source: Source) -> LanguageProfile | None:
    """The profile of a source's language; None where there is none, so that nothing can be told."""
    return load_profile(source.language) if source.language in known_languages() else None


def is_expected(document: Document, profile: LanguageProfile | None, check: LanguageCheck) -> bool | None:
    """Of a dialogue only the answers are judged: a question may quote another language.

    Returns  None if it cannot be told: too short, no profile, or no label of the detector
    """
    text = _judged(document)
    if profile is None or sum(map(str.isalpha, text)) < check.min_letters:
        return None
    return in_language(text, profile, min_probability=check.min_probability)


def _judged(document: Document) -> str:
    if document.dialogue is None:
        return document.text
    return "\n".join(m.content for m in document.dialogue.messages if m.role == "assistant")
