"""One answer in pieces: exact for every script, seeded, and stopped when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rantau.machine import Machine
from rantau.model.generate import generate_batch
from rantau.model.load import load_base
from rantau.model.stream import PieceDecoder, Sampling, stream
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Model
from tests.model.scripts import SCRIPTS


@pytest.fixture(scope="module")
def pair(tiny_base: Path) -> Any:
    model = Model(base=str(tiny_base))
    return load_base(model, Machine()), load_tokenizer(model)


PROMPT = [10, 20, 30, 40]


@pytest.mark.parametrize("script", SCRIPTS)
def test_pieces_are_whole_characters_and_join_to_the_text(pair: Any, script: str) -> None:
    tokenizer = pair[1]
    decoder = PieceDecoder(tokenizer)
    ids = tokenizer(SCRIPTS[script]).input_ids
    pieces = [decoder.push(token) for token in ids]
    assert "".join(pieces) == SCRIPTS[script] == tokenizer.decode(ids, skip_special_tokens=True)
    assert not any("\ufffd" in piece for piece in pieces)
    assert decoder.rest() == ""


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_text_that_is_cut_anywhere_still_equals_its_decoding(pair: Any, script: str) -> None:
    tokenizer = pair[1]
    ids = tokenizer(SCRIPTS[script]).input_ids
    for end in range(len(ids)):
        decoder = PieceDecoder(tokenizer)
        pieces = [decoder.push(token) for token in ids[:end]]
        assert "".join(pieces) + decoder.rest() == tokenizer.decode(ids[:end], skip_special_tokens=True)


@pytest.fixture(scope="module")
def by_bytes() -> Any:
    """Of few words, as those of Llama 2 and Gemma: what it has no token for is written in bytes."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", *(f"<0x{n:02X}>" for n in range(256)), "\u2581halo", "\u2581dunia"]
    made = Tokenizer(models.BPE({word: n for n, word in enumerate(words)}, [], byte_fallback=True))
    made.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>")


def bytes_of(text: str) -> list[int]:
    return [1 + byte for byte in text.encode()]


def test_bytes_that_are_no_character_take_back_nothing(by_bytes: Any) -> None:
    """The tokenizer makes U+FFFD of all bytes in a row, also of those of the characters before."""
    halo, dunia = by_bytes.convert_tokens_to_ids(["\u2581halo", "\u2581dunia"])
    decoder, cut = PieceDecoder(by_bytes), bytes_of("\U0001f600")[:2]
    said = "".join(map(decoder.push, [halo, *bytes_of("\ua9b2\ua98f"), *cut, dunia, *bytes_of("\ua9b1"), *cut]))
    assert said == "halo\ua9b2\ua98f\ufffd\ufffd dunia\ua9b1"
    assert decoder.rest() == "\ufffd\ufffd"


def test_special_tokens_are_not_shown(pair: Any) -> None:
    tokenizer = pair[1]
    decoder = PieceDecoder(tokenizer)
    ids = tokenizer("<|im_start|>Halo<|im_end|> dunia").input_ids
    assert "".join(decoder.push(token) for token in ids) == "Halo dunia"


def test_temperature_0_is_greedy(pair: Any) -> None:
    greedy = generate_batch(*pair, [PROMPT], max_new_tokens=24)[0]
    sampling = Sampling(temperature=0, repetition_penalty=1, max_new_tokens=24)
    assert "".join(stream(*pair, PROMPT, sampling)) == greedy.text


def test_equal_seeds_say_the_same_and_others_do_not(pair: Any) -> None:
    def said(seed: int) -> str:
        return "".join(stream(*pair, PROMPT, Sampling(temperature=1.0, max_new_tokens=24, seed=seed)))

    assert said(1) == said(1)
    assert len({said(seed) for seed in range(4)}) > 1


def test_the_global_generator_is_left_alone(pair: Any) -> None:
    import torch

    before = torch.get_rng_state()
    list(stream(*pair, PROMPT, Sampling(max_new_tokens=4)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_k": 0, "top_p": 1e-6}])
def test_the_narrowest_choice_is_the_likeliest_token(pair: Any, narrow: dict[str, Any]) -> None:
    greedy = generate_batch(*pair, [PROMPT], max_new_tokens=12)[0]
    sampling = Sampling(temperature=1.5, repetition_penalty=1, max_new_tokens=12, **narrow)
    assert "".join(stream(*pair, PROMPT, sampling)) == greedy.text


def test_a_repetition_penalty_forbids_repetition_in_the_end(pair: Any) -> None:
    model, tokenizer = pair
    text = "".join(
        stream(model, tokenizer, PROMPT, Sampling(temperature=0, repetition_penalty=1e6, max_new_tokens=40))
    )
    plain = generate_batch(model, tokenizer, [PROMPT], max_new_tokens=40)[0]
    assert len(set(plain.ids)) < len(plain.ids)
    assert text != plain.text


def test_cancelling_ends_the_answer_between_tokens(pair: Any) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 5

    sampling = Sampling(temperature=0, repetition_penalty=1, max_new_tokens=40)
    text = "".join(stream(*pair, PROMPT, sampling, cancelled=cancelled))
    assert text == generate_batch(*pair, [PROMPT], max_new_tokens=5)[0].text
    assert len(asked) == 6


def test_a_stop_token_ends_the_answer_and_is_not_said(pair: Any) -> None:
    model, tokenizer = pair
    plain = generate_batch(model, tokenizer, [PROMPT], max_new_tokens=12)[0]
    sampling = Sampling(temperature=0, repetition_penalty=1, max_new_tokens=12)
    text = "".join(stream(model, tokenizer, PROMPT, sampling, stop_ids=[plain.ids[4]]))
    assert text == tokenizer.decode(plain.ids[: plain.ids.index(plain.ids[4])])


def test_the_caller_is_not_put_into_inference_mode(pair: Any) -> None:
    import torch

    pieces = stream(*pair, PROMPT, Sampling(max_new_tokens=8))
    next(pieces)
    assert not torch.is_inference_mode_enabled()
