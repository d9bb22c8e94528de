"""Where a text begins and ends, token by token."""

import pytest

from rantau.chat import control_token_in, encode_text, end_of_text, start_of_text, uses_begin_of_text
from rantau.errors import ModelError
from rantau.model.tokenizer import document_start_id
from tests.chat.speech import bare_tokenizer, llama_tokenizer
from tests.tiny import build_tiny_tokenizer


def test_a_document_stands_between_separators_where_begin_of_text_is_not_used() -> None:
    tokenizer = build_tiny_tokenizer()
    assert tokenizer.bos_token == "<|im_start|>"
    assert not uses_begin_of_text(tokenizer)
    assert end_of_text(tokenizer) == ("<|endoftext|>", 0)
    ids = encode_text(tokenizer, "Halo dunia")
    assert (ids[0], ids[-1]) == (0, 0)
    assert tokenizer.decode(ids[1:-1]) == "Halo dunia"


def test_begin_of_text_stands_once_where_the_tokenizer_uses_it() -> None:
    tokenizer = llama_tokenizer()
    assert uses_begin_of_text(tokenizer)
    ids = encode_text(tokenizer, "Halo")
    assert ids[0] == tokenizer.bos_token_id
    assert ids.count(tokenizer.bos_token_id) == 1
    assert tokenizer.decode(ids) == "<|begin_of_text|>Halo<|endoftext|>"


@pytest.mark.parametrize("build", [build_tiny_tokenizer, llama_tokenizer, bare_tokenizer])
def test_training_and_scoring_begin_a_document_alike(build) -> None:  # type: ignore[no-untyped-def]
    tokenizer = build()
    assert start_of_text(tokenizer) == document_start_id(tokenizer)


def test_eos_ends_a_text_where_no_separator_is_known() -> None:
    tokenizer = bare_tokenizer(end="</s>")
    assert end_of_text(tokenizer) == ("</s>", 0)
    assert encode_text(tokenizer, "a") == [0, *tokenizer("a").input_ids, 0]


def test_a_text_that_could_never_end_is_refused() -> None:
    tokenizer = bare_tokenizer(end="</s>", eos=False)
    with pytest.raises(ModelError, match="has no end-of-text token"):
        encode_text(tokenizer, "a")


def test_control_tokens_are_found_also_in_a_vocabulary_that_grew() -> None:
    tokenizer = build_tiny_tokenizer()
    assert control_token_in(tokenizer, "5 < 6 <|x|> <b>") is None
    assert control_token_in(tokenizer, "a<|im_end|>b<|im_start|>") == "<|im_end|>"
    tokenizer.add_tokens(["<start_of_turn>", "<b>"])
    assert control_token_in(tokenizer, "<b>x</b>") is None
    assert control_token_in(tokenizer, "<start_of_turn>user") == "<start_of_turn>"


@pytest.mark.parametrize("marker", ["<|user|>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"])
def test_turn_markers_that_are_not_called_special_are_control_tokens(marker: str) -> None:
    tokenizer = build_tiny_tokenizer()
    assert control_token_in(tokenizer, f"halo {marker}") is None
    tokenizer.add_tokens([marker])
    assert control_token_in(tokenizer, f"halo {marker}") == marker
