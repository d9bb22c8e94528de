"""Tokens per word and per byte, against closed forms."""

import pytest

from rantau.stages.formatting.fertility import Fertility, single_byte_ids
from tests.chat.speech import bare_tokenizer, dialogue
from tests.stages.formatting.rows import document
from tests.tiny import build_tiny_tokenizer


def test_a_byte_tokenizer_spends_one_token_a_byte() -> None:
    fertility = Fertility(bare_tokenizer())
    fertility.add(document(1, "satu dua"))
    fertility.add(document(2, talk=dialogue("é", "dua tiga")))
    assert fertility.table("eng") == [
        {
            "source": "berita",
            "language": "ind",
            "tokens_per_word": 19 / 5,  # 8 bytes and 2 words; 2 + 1 + 8 bytes and 3 words
            "tokens_per_byte": 1.0,
            "against_source_language": None,
            "single_byte_share": 1.0,
            "one_token_share": 0.0,
            "n_documents": 2,
        }
    ]


def test_ratio_is_taken_to_all_documents_of_the_source_language() -> None:
    tokenizer = build_tiny_tokenizer()
    fertility = Fertility(tokenizer)
    texts = {"english": "the quick brown fox", "more": "jumps over", "berita": "Ibu kota Indonesia adalah Jakarta"}
    for n, (source, text) in enumerate(texts.items()):
        fertility.add(document(n, text, source=source, language="ind" if source == "berita" else "eng"))
    n = {source: len(tokenizer(text).input_ids) for source, text in texts.items()}
    english = (n["english"] + n["more"]) / (19 + 10)
    rows = {row["source"]: row for row in fertility.table("eng")}
    assert list(rows) == ["berita", "english", "more"]
    assert rows["berita"]["against_source_language"] == pytest.approx(n["berita"] / 33 / english)
    assert rows["berita"]["tokens_per_word"] == n["berita"] / 5
    assert rows["more"]["against_source_language"] == pytest.approx(n["more"] / 10 / english)


def test_a_document_in_two_phases_counts_once() -> None:
    fertility = Fertility(bare_tokenizer())
    fertility.add(document(1, "satu"))
    fertility.add(document(1, "satu"))
    assert fertility.table("eng")[0]["n_documents"] == 1


def test_words_of_one_token_are_counted_as_they_run() -> None:
    tokenizer = build_tiny_tokenizer()
    assert len(tokenizer(" Jakarta").input_ids) > 1
    tokenizer.add_tokens([" padi"])
    fertility = Fertility(tokenizer)
    fertility.add(document(1, "Jakarta padi padi Jakarta padi"))
    assert fertility.table("eng")[0]["one_token_share"] == 3 / 5


def test_single_bytes_of_a_byte_level_vocabulary() -> None:
    tokenizer = build_tiny_tokenizer()
    single = single_byte_ids(tokenizer)
    assert len(single) == 256
    assert set(tokenizer("ꦏ").input_ids) <= single
    assert not set(tokenizer("Halo").input_ids) & single


def test_single_bytes_of_a_vocabulary_with_byte_fallback() -> None:
    class Pieces:
        def get_vocab(self) -> dict[str, int]:
            return {"<0xE2>": 0, "<0x0A>": 1, "a": 2, "▁": 3, "서": 4, "▁a": 5, "é": 6, "</s>": 7}

    assert single_byte_ids(Pieces()) == {0, 1, 2, 3}  # type: ignore[arg-type]
