"""Which words to add: whole words of the text, those first that save most tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from rantau.stages.formatting.vocabulary.pretokens import Pretokens

LEAST_COUNT = 2
"""A word that the training text has once is never met again by the rows that are to be learnt."""
OPENING = {"Pd", "Ps", "Pi"}
QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Word:
    """token: as the vocabulary writes it; text: as a text has it; count: in the training text;
    saved: tokens fewer in the training text"""

    token: str
    text: str
    count: int
    saved: int


def is_word(text: str) -> bool:
    """True for letters (with their marks) and nothing else, after at most one sign that opens a word.

    The sign is what a tokenizer keeps with the word: the space of running text, or the hyphen, quote or bracket of
    "-anak", "(Namun". Digits, and letters with digits, are never a word.
    """
    opened = text[:1] == " " or text[:1] in QUOTES or unicodedata.category(text[:1] or "x") in OPENING
    letters = text[1:] if opened else text
    kinds = [unicodedata.category(sign)[0] for sign in letters]
    return bool(kinds) and kinds[0] == "L" and set(kinds) <= {"L", "M"}


def rank_words(pretokens: Pretokens, text_of: Callable[[str], str | None]) -> list[Word]:
    """All words that would save tokens, best first.

    A word after a space, the same at the start of a line, and with a capital are different runs of text, which the
    tokenizer reads one by one: each is taken for what it saves itself. So no row is spent on a form that hardly
    occurs, and the sum of what the first N save is the most that N rows can save.
    text_of   a pre-token's text, None if it is no whole characters
    Ties      more occurrences first, then the order of the signs
    """
    words = []
    for pretoken, count in pretokens.counts.items():
        saved = pretokens.saved(pretoken)
        if saved and count >= LEAST_COUNT and (text := text_of(pretoken)) is not None and is_word(text):
            words.append(Word(pretoken, text, count, saved))
    return sorted(words, key=lambda word: (-word.saved, -word.count, word.token))
