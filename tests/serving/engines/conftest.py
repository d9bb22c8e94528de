"""Parts of engines: a tiny model whose greedy answers are no row of one token, and its converted forms."""

from pathlib import Path
from typing import Any

import pytest

from rantau.chat import template_for
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from rantau.run.progress import Progress
from rantau.serving.engines.reading import Reader
from tests.tiny import build_tiny_tokenizer


@pytest.fixture(scope="session")
def lively_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a two-layer Llama with large random weights and heads of its own."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    folder, tokenizer = tmp_path_factory.mktemp("lively"), build_tiny_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2, pad_token_id=3, initializer_range=0.4,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def parts(lively_base: Path) -> tuple[Any, Any, Any]:
    """Model, tokenizer and template."""
    model = Model(base=str(lively_base))
    tokenizer = load_tokenizer(model)
    return load_base(model, Machine()), tokenizer, template_for(Formatting(template="chatml"), tokenizer)


@pytest.fixture(scope="session")
def reader(parts: tuple[Any, Any, Any]) -> Reader:
    return Reader(parts[1], parts[2], context=256)


@pytest.fixture(scope="session")
def ctranslate2_folder(lively_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """float32, so that the answers are those of transformers."""
    import warnings

    pytest.importorskip("ctranslate2", reason="the package ctranslate2 is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ctranslate2.converters import TransformersConverter

        folder = tmp_path_factory.mktemp("converted")
        TransformersConverter(str(lively_base)).convert(str(folder), quantization="float32", force=True)
    return folder


@pytest.fixture(scope="session")
def gguf_file(lively_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rantau.stages.export.formats import write_gguf

    pytest.importorskip("cyllama", reason="the package cyllama is not installed")
    folder = tmp_path_factory.mktemp("gguf") / "gguf"
    write_gguf(folder, lively_base, ("f32",), name="lively", system=None, threads=1, progress=Progress(quiet=True))
    return folder / "lively-f32.gguf"
