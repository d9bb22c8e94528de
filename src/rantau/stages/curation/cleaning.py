"""Normal form and length: the checks that need one document alone."""

from __future__ import annotations

from dataclasses import replace

from rantau.language import NormalForm, normalise
from rantau.records import Dialogue, Document, Message


def in_normal_form(document: Document, form: NormalForm) -> Document:
    """The document with its text and turns in a Unicode normal form; fields and address stay."""
    if document.dialogue is None:
        return replace(document, text=normalise(document.text, form))
    turns = tuple(Message(m.role, normalise(m.content, form)) for m in document.dialogue.messages)
    return replace(document, dialogue=Dialogue(turns))


def wrong_length(document: Document, *, min_chars: int, max_chars: int) -> str | None:
    """Reason to drop by length, or None.

    min_chars  of the text, or of every answer of a dialogue, outer spaces aside
    max_chars  of all that a reader sees
    """
    if document.dialogue is None:
        shortest = len(document.text.strip())
    else:
        answers = [m.content for m in document.dialogue.messages if m.role == "assistant"]
        shortest = min(len(a.strip()) for a in answers)
    if shortest < min_chars:
        return f"shorter than {min_chars} characters"
    return f"longer than {max_chars} characters" if len(document.content) > max_chars else None
