"""Tables of an extended vocabulary, in the words of the page or of the card's language."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.vocabulary_facts import VocabularyFacts
from rantau.stages.report.wording import ENGLISH, Wording


def vocabulary(facts: Facts, words: Wording = ENGLISH) -> Table | None:
    """Tokens before and after, for each language of the training text and of the held-out text."""
    if facts.vocabulary is None:
        return None
    rows = [
        [
            words(f"vocabulary.{s.side}"),
            words.language_name(s.language, facts.languages),
            words.integer(s.documents),
            words.integer(s.tokens_before),
            words.integer(s.tokens_after),
            words.percent(s.saved_share),
            f"{words.number(s.tokens_per_word_before, 2)} → {words.number(s.tokens_per_word_after, 2)}",
        ]
        for s in facts.vocabulary.savings
    ]
    return table_of(words("vocabulary.caption"), words("columns.vocabulary"), rows, numeric=range(2, 7))


def told(extended: VocabularyFacts, words: Wording = ENGLISH) -> str:
    """How many words were added, of how many that would save tokens."""
    key = "vocabulary.added" if extended.words == extended.asked else "vocabulary.added_fewer"
    return words(
        key, n=words.integer(extended.words), asked=words.integer(extended.asked),
        candidates=words.integer(extended.candidates),
    )  # fmt: skip


def examples(facts: Facts, words: Wording = ENGLISH) -> Table | None:
    """The words that save most tokens in the training text."""
    if facts.vocabulary is None or not facts.vocabulary.examples:
        return None
    rows: list[list[Cell | str]] = [
        [Cell(e.text, code=True), words.integer(e.count), words.integer(e.saved)]
        for e in facts.vocabulary.examples
    ]
    return table_of(words("vocabulary.examples"), words("columns.examples"), rows, numeric=(1, 2))
