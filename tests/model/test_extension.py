"""Words in a tokenizer: every other text is read as before, and nothing is lost or moved."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from rantau.errors import ModelError
from rantau.model.extension import (
    first_new_id,
    read_otherwise,
    refuse_inexact,
    refuse_unfit,
    save_extended,
    text_of,
    why_unfit,
)
from tests.chat.speech import llama_tokenizer
from tests.tiny import TEXTS, build_tiny_tokenizer

QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
WORDS = ["Ġmereka", "mereka", "Mereka", "ĠIndonesia", "ĠBandung", "nya", "ĠëĮĢíķľë¯¼êµŃìĿĺ"]
"""The last one is " 대한민국의" in the signs of a byte-level vocabulary."""
PIECES = [
    *" \n\t\r", "  ", "mereka", "Mereka", " mereka", "merekalah", "nya", " Indonesia", "대한민국의", "대",
    "\u0301", "é", "e\u0301", "😀", "9", "90-an", "<|im_end|>", "<|endoftext|>", "'s", ".", "\u200d", "\x00",
    "ĠBandung",
]  # fmt: skip
ANY_TEXT = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map("".join))


def split_like_qwen() -> PreTrainedTokenizerFast:
    """Another split (the sign before a word stays with it), a normal form, and offsets that leave spaces out."""
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN), behavior="isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>", "<|im_end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    backend.train_from_iterator(TEXTS, trainer)
    backend.post_processor = processors.ByteLevel(trim_offsets=True)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>")


def neox_like() -> PreTrainedTokenizerFast:
    """Added tokens that are not special, as runs of spaces are in OLMo's."""
    tokenizer = build_tiny_tokenizer()
    tokenizer.add_tokens(["  ", "    "])
    return tokenizer


KINDS = {"smollm": build_tiny_tokenizer, "qwen": split_like_qwen, "llama": llama_tokenizer, "olmo": neox_like}


@pytest.fixture(scope="module", params=KINDS, ids=str)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """A tokenizer, and the same with WORDS."""
    base = KINDS[request.param]()
    yield base, save_extended(base, WORDS, tmp_path_factory.mktemp(request.param))


def written_out(base: Any, ids: list[int]) -> list[int]:
    """Every new id replaced by what the base makes of its word."""
    first, model = first_new_id(base), base.backend_tokenizer.model
    pieces = {first + n: [p.id for p in model.tokenize(word)] for n, word in enumerate(WORDS)}
    return [piece for i in ids for piece in pieces.get(i, [i])]


@settings(max_examples=300)
@given(text=ANY_TEXT)
def test_any_text_comes_back_and_only_new_words_are_read_otherwise(pair: tuple[Any, Any], text: str) -> None:
    base, extended = pair
    plain, ids = base(text).input_ids, extended(text).input_ids
    assert written_out(base, ids) == plain
    assert extended.decode(ids) == base.decode(plain)
    if not any(i >= first_new_id(base) for i in ids):
        assert ids == plain


@settings(max_examples=300)
@given(text=ANY_TEXT)
def test_offsets_span_what_the_pieces_spanned(pair: tuple[Any, Any], text: str) -> None:
    base = pair[0]
    plain, found = (t(text, return_offsets_mapping=True) for t in pair)
    at = 0
    for i, (start, end) in zip(found.input_ids, found.offset_mapping, strict=True):
        n = len(written_out(base, [i]))
        spans = plain.offset_mapping[at : at + n]
        assert (start, end) == (min(s for s, _ in spans), max(e for _, e in spans))
        at += n
    assert at == len(plain.input_ids)


@settings(max_examples=300)
@given(text=ANY_TEXT)
def test_special_tokens_written_out_are_read_as_text(pair: tuple[Any, Any], text: str) -> None:
    base = pair[0]
    plain, ids = (t(text, add_special_tokens=False, split_special_tokens=True).input_ids for t in pair)
    assert written_out(base, ids) == plain


def test_a_word_is_one_token_where_it_stands_whole(pair: tuple[Any, Any]) -> None:
    base, extended = pair
    tokens = extended.convert_ids_to_tokens(extended("Kata mereka, merekalah mereka\nMereka", add_special_tokens=False).input_ids)  # fmt: skip  # noqa: E501
    assert tokens.count("Ġmereka") == 2 and tokens[-1] == "Mereka"
    assert extended.decode(extended("mereka", add_special_tokens=False).input_ids) == "mereka"
    assert len(extended) == len(base) + len(WORDS)


def test_added_tokens_would_move_the_borders_beside_them(tmp_path: Path) -> None:
    """Why words are no added tokens: the two breaks before one would become one run."""
    added = build_tiny_tokenizer()
    added.add_tokens(["mereka"])
    extended = save_extended(build_tiny_tokenizer(), WORDS, tmp_path)
    runs = [t.backend_tokenizer.encode("\n\nmereka").word_ids for t in (added, extended)]
    assert runs == [[0, 0, 1], [0, 1, 2]]


def test_the_folder_is_read_alike_by_every_loader(tmp_path: Path) -> None:
    extended = save_extended(build_tiny_tokenizer(), WORDS, tmp_path)
    text = "Saya dan mereka di Bandung"
    assert AutoTokenizer.from_pretrained(tmp_path)(text).input_ids == extended(text).input_ids
    assert extended.pad_token == "<|padding|>" and extended.chat_template == build_tiny_tokenizer().chat_template


def test_the_same_words_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save_extended(build_tiny_tokenizer(), WORDS, tmp_path / name)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab")
    assert first == second


def test_signs_and_texts() -> None:
    assert text_of("ĠëĮĢíķľë¯¼êµŃìĿĺ") == " 대한민국의"
    assert text_of("Ċ") == "\n" and text_of("ëĮ") is None and text_of("서") is None


def test_sentencepiece_is_refused_with_the_reason() -> None:
    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁a", -1.0)], unk_id=0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    characters = Tokenizer(models.BPE({"▁": 0, "a": 1}, []))
    characters.pre_tokenizer = pre_tokenizers.Metaspace()
    for backend, reason in ((unigram, "is Unigram"), (characters, "BPE over characters")):
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
        with pytest.raises(ModelError, match=f"{reason}.*byte-level BPE"):
            refuse_unfit(tokenizer)


def test_a_tokenizer_that_does_not_cut_words_is_refused() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    assert "into words" in (why_unfit(tokenizer) or "")


def test_entries_that_merges_never_make_are_found() -> None:
    assert [why_unfit(build()) for build in KINDS.values()] == [None] * len(KINDS)
    vocabulary = {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5}
    backend = Tokenizer(models.BPE(vocabulary, [("b", "c"), ("a", "b"), ("ab", "c")]))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    assert tokenizer.tokenize("abc") == ["a", "bc"] and read_otherwise(tokenizer) == ["abc"]
    with pytest.raises(ModelError, match=r"holds 1 entries .*'abc'"):
        refuse_unfit(tokenizer)


def test_a_tokenizer_that_reads_other_text_otherwise_is_caught(tmp_path: Path) -> None:
    base = build_tiny_tokenizer()
    extended = save_extended(base, WORDS, tmp_path)
    pieces = [[p.id for p in base.backend_tokenizer.model.tokenize(word)] for word in WORDS]
    assert refuse_inexact(base, extended, ["Kata mereka.", "nya"], pieces) == 2
    with pytest.raises(ModelError, match="read other parts of a text"):
        refuse_inexact(base, extended, ["Kata mereka."], [[0], *pieces[1:]])
