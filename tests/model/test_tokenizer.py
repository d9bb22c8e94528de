"""The pad token and the start of a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from rantau.errors import ModelError
from rantau.model.tokenizer import document_start_id, load_tokenizer, pad_token_for
from rantau.recipe import Model


def a_tokenizer(special: list[str], *, bos_first: bool = False, **named: str):  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, models, processors
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({t: n for n, t in enumerate([*special, "satu", "?"])}, unk_token="?"))
    if bos_first:
        bos = named["bos_token"]
        backend.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, special.index(bos))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=backend, **named)


TEXT = "<|endoftext|>"
LLAMA = ["<|begin_of_text|>", "<|eot_id|>", "<|reserved_special_token_0|>"]


@pytest.mark.parametrize(
    ("special", "named", "pad"),
    [
        (["<s>", "</s>", "<mine>"], {"eos_token": "</s>", "pad_token": "<mine>"}, "<mine>"),
        (LLAMA, {"bos_token": LLAMA[0], "eos_token": LLAMA[1]}, LLAMA[2]),
        ([*LLAMA, "<|finetune_right_pad_id|>"], {"eos_token": LLAMA[1]}, "<|finetune_right_pad_id|>"),
        ([TEXT, "<|im_end|>"], {"eos_token": "<|im_end|>", "pad_token": TEXT}, TEXT),
        ([TEXT, "<|fim_pad|>"], {"eos_token": TEXT, "pad_token": TEXT}, "<|fim_pad|>"),
        ([TEXT, "<|padding|>"], {"eos_token": TEXT}, "<|padding|>"),
        ([TEXT, "<|im_start|>", "<|im_end|>", "<empty_output>"],
         {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}, "<empty_output>"),
        (["</s>", "<unk>"], {"eos_token": "</s>", "unk_token": "<unk>"}, "<unk>"),
    ],
)  # fmt: skip
def test_the_pad_token_is_a_reserved_one_and_never_eos(
    special: list[str], named: dict[str, str], pad: str
) -> None:
    tokenizer = a_tokenizer(special, **named)
    size = len(tokenizer)
    assert pad_token_for(tokenizer) == pad
    assert len(tokenizer) == size


def test_a_vocabulary_without_a_spare_token_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no token to pad with besides </s>\. Set pad_token"):
        pad_token_for(a_tokenizer(["</s>"], eos_token="</s>", pad_token="</s>"))


def test_a_document_starts_as_the_tokenizer_starts_it() -> None:
    tokenizer = a_tokenizer([*LLAMA, "<|endoftext|>"], bos_token=LLAMA[0], eos_token=LLAMA[1], bos_first=True)
    assert document_start_id(tokenizer) == 0


@pytest.mark.parametrize(
    ("special", "named", "start"),
    [
        (["<|im_start|>", "<|endoftext|>"], {"bos_token": "<|im_start|>"}, 1),
        (["<s>", "</s>"], {"bos_token": "<s>", "eos_token": "</s>"}, 0),
        (["<pad>", "</s>"], {"eos_token": "</s>", "pad_token": "<pad>"}, 1),
        (["<pad>"], {"pad_token": "<pad>"}, None),
    ],
)
def test_else_by_endoftext_then_bos_then_eos(special: list[str], named: dict[str, str], start: int | None) -> None:
    assert document_start_id(a_tokenizer(special, **named)) == start


def test_the_tiny_base_pads_with_padding(tiny_base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(Model(base=str(tiny_base)))
    assert tokenizer.pad_token == "<|padding|>"
    tokenizer.save_pretrained(tmp_path)
    assert str(tiny_base) not in (tmp_path / "tokenizer_config.json").read_text()
    assert "is_local" not in (tmp_path / "tokenizer_config.json").read_text()


def test_a_folder_without_tokenizer_is_named(tiny_base: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copyfile(tiny_base / "config.json", tmp_path / "config.json")
    with pytest.raises(ModelError, match=f"{tmp_path}: "):
        load_tokenizer(Model(base=str(tmp_path)))
