"""Tiny random models of each architecture that GGUF is written for, as folders of merged models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tiny import build_tiny_tokenizer

LLAMA3_ROPE = {
    "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
NAMES = ("llama", "llama3-rope", "llama-untied", "qwen2", "qwen3", "olmo", "olmo2")


def build(folder: Path, name: str, *, rows: int | None = None, dtype: str = "float32") -> Path:
    """rows   of the embedding; more than the tokenizer has = padding"""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = build_tiny_tokenizer()
    config = _config(name, rows or len(tokenizer), tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = AutoModelForCausalLM.from_config(config)
        for key, parameter in model.named_parameters():  # norms and biases that do something
            if parameter.ndim == 1:
                parameter.data.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.data.mul_(4.0 if "embed" not in key else 10.0)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id]
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _config(name: str, rows: int, tokenizer: Any) -> Any:
    from transformers import LlamaConfig, Olmo2Config, OlmoConfig, Qwen2Config, Qwen3Config

    sizes = {
        "vocab_size": rows, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id, "tie_word_embeddings": True,
    }  # fmt: skip
    if name == "llama3-rope":
        return LlamaConfig(**sizes, rope_parameters=LLAMA3_ROPE)
    if name == "llama-untied":
        return LlamaConfig(**{**sizes, "tie_word_embeddings": False})
    if name == "qwen3":
        return Qwen3Config(**sizes, head_dim=32)
    kinds = {"llama": LlamaConfig, "qwen2": Qwen2Config, "olmo": OlmoConfig, "olmo2": Olmo2Config}
    return kinds[name](**sizes)
