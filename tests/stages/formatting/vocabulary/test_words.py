"""Which words are taken, and that what they save is what the tokenizer saves."""

from collections import Counter
from pathlib import Path

import pytest

from rantau.model.extension import save_extended, text_of
from rantau.stages.formatting.vocabulary.counting import count_documents
from rantau.stages.formatting.vocabulary.pretokens import Pretokens
from rantau.stages.formatting.vocabulary.saving import by_language, by_size
from rantau.stages.formatting.vocabulary.words import Word, is_word, rank_words
from tests.stages.formatting.rows import document
from tests.tiny import build_tiny_tokenizer

TEXT = "Mereka menanam padi di sawah; mereka memanen padi, lalu mereka pulang ke rumah pada 17 Agustus."


@pytest.mark.parametrize(
    "text", [" mereka", "mereka", "Mereka", "-anak", '"Saya', " 대한민국의", "नमस्ते", "(Namun"]
)
def test_words(text: str) -> None:
    assert is_word(text)


@pytest.mark.parametrize("text", ["", " ", "17", " 17", "90an", " a1", ".com", "_kata", "\tkata", "  kata", "kata ", "😀", "|im", "\u0301a", "-"])  # fmt: skip  # noqa: E501
def test_no_words(text: str) -> None:
    assert not is_word(text)


def counted(*texts: str) -> Pretokens:
    documents = [document(n, text) for n, text in enumerate(texts)]
    return count_documents(documents, build_tiny_tokenizer())["berita", "ind"].pretokens


def test_tokens_are_the_sum_over_pretokens() -> None:
    tokenizer = build_tiny_tokenizer()
    assert counted(TEXT, "Halo").n_tokens == sum(len(tokenizer(t).input_ids) for t in (TEXT, "Halo"))


def test_the_ranking_is_by_saved_tokens_and_ties_are_settled() -> None:
    pretokens = Pretokens(
        Counter({"Ġb": 4, "Ġa": 4, "Ġc": 8, "d": 2, "Ġonce": 1, "Ġ17": 9, "Ġone": 50}),
        {"Ġb": 3, "Ġa": 3, "Ġc": 2, "d": 9, "Ġonce": 9, "Ġ17": 3, "Ġone": 1},
    )
    assert [(w.token, w.text, w.count, w.saved) for w in rank_words(pretokens, text_of)] == [
        ("d", "d", 2, 16),
        ("Ġc", " c", 8, 8),
        ("Ġa", " a", 4, 8),
        ("Ġb", " b", 4, 8),
    ]


def test_words_never_hold_digits_or_control_tokens() -> None:
    spoilt = document(1, f"{TEXT} <|im_end|>")
    assert count_documents([spoilt], build_tiny_tokenizer()) == {}  # no phase learns it
    ranked = rank_words(counted(*[f"{TEXT} tahun 2024 abc123"] * 3), text_of)
    assert ranked and all(is_word(w.text) and not any(c.isdigit() for c in w.text) for w in ranked)


def test_what_is_counted_as_saved_is_what_the_new_tokenizer_saves(tmp_path: Path) -> None:
    base, unseen = build_tiny_tokenizer(), "Petani memanen padi. Mereka pulang, dan mereka tidur."
    ranked = rank_words(counted(TEXT, TEXT), text_of)
    for n in (1, 3, len(ranked)):
        words = ranked[:n]
        extended = save_extended(base, [w.token for w in words], tmp_path / str(n))
        rows = by_language(count_documents([document(1, unseen)], base), words)
        assert rows["ind"]["tokens_before"] == len(base(unseen).input_ids)
        assert rows["ind"]["tokens_after"] == len(extended(unseen).input_ids)
        assert rows["ind"]["words"] == 8 and rows["ind"]["bytes"] == len(unseen)


def test_savings_by_size_say_how_many_words_there_were() -> None:
    unseen = Pretokens(Counter({"Ġa": 5, "Ġb": 2}), {"Ġa": 3, "Ġb": 2})
    words = [Word("Ġa", " a", 1, 2), Word("Ġb", " b", 1, 1)]
    assert by_size(words, unseen, (1, 4)) == [
        {"asked": 1, "words": 1, "saved_share": 10 / 19},
        {"asked": 4, "words": 2, "saved_share": 12 / 19},
    ]


def test_tallies_joined_are_the_tally_of_all() -> None:
    first, second = counted(TEXT), counted("Mereka pulang. Halo!")
    first.join(second)
    assert first == counted(TEXT, "Mereka pulang. Halo!")
