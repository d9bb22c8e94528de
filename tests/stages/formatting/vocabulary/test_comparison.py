"""Tokenizers side by side: what new words save is what the tokenizer with these words saves on the unseen side."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rantau.model.extension import save_extended
from rantau.records import Document
from rantau.stages.formatting.vocabulary.comparison import Compared, compare
from tests.stages.formatting.rows import document
from tests.tiny import build_tiny_tokenizer

LEARNT = ["Mereka menanam padi di sawah; mereka pulang.", "Mereka memanen padi di sawah, lalu mereka tidur."]
UNSEEN = "Lalu mereka menanam padi di rumah."


def sides(*, language: str = "ind") -> tuple[list[Document], list[Document]]:
    return [document(n, t, language=language) for n, t in enumerate(LEARNT)], [
        document(9, UNSEEN, language=language)
    ]


def test_savings_are_those_of_the_extended_tokenizer(tmp_path: Path) -> None:
    base = build_tiny_tokenizer()
    found = compare(base, *sides(), target="ind", source="eng")
    words = ["Ġmereka", "Ġpadi", "Ġsawah", "Mereka"]  # all that stand there twice and are no token
    extended = save_extended(base, words, tmp_path)
    before, after = (len(t(UNSEEN).input_ids) for t in (base, extended))
    assert found.savings == [{"asked": 1000, "words": 4, "saved_share": pytest.approx(1 - after / before)}]
    assert found.unfit is None and [row["n_documents"] for row in found.rows] == [3]
    assert f"{100 * (1 - after / before):.1f} % by 4; try vocabulary.extend: 2000." in found.advice("ind")


def test_little_is_said_to_be_little() -> None:
    found = Compared("a", 1, [], [{"asked": n, "words": n, "saved_share": n / 1e5} for n in (1000, 2000)], None)
    assert found.advice("ind").endswith(
        "unseen text in ind: 1.0 % by 1,000, 2.0 % by 2,000; hardly worth their rows."
    )


def test_no_text_in_the_target_language_is_told() -> None:
    found = compare(build_tiny_tokenizer(), *sides(language="eng"), target="ind", source="eng")
    assert found.savings == [] and "no text in ind to learn them from" in found.advice("ind")
    assert found.rows[0]["against_source_language"] == 1


def test_a_tokenizer_that_takes_no_words_is_counted_all_the_same() -> None:
    backend = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    found = compare(PreTrainedTokenizerFast(tokenizer_object=backend), *sides(), target="ind", source="eng")
    assert found.rows[0]["n_documents"] == 3 and found.savings == []
    assert found.advice("ind").startswith("No words can be added: it is WordPiece")
