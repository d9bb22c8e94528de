"""Random models of a few thousand weights, one of each architecture that the seeds adapt; double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VOCABULARY = 61
SHARED = {
    "vocab_size": VOCABULARY, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 128,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def llama() -> Any:
    """Grouped heads and a tied output layer."""
    from transformers import LlamaConfig

    return LlamaConfig(**SHARED, num_key_value_heads=2, tie_word_embeddings=True)


def qwen3() -> Any:
    """Normed queries and keys, heads wider than hidden_size / heads."""
    from transformers import Qwen3Config

    return Qwen3Config(**SHARED, num_key_value_heads=2, head_dim=8)


def olmo() -> Any:
    """Layer norm without weights, clipped queries and keys."""
    from transformers import OlmoConfig

    return OlmoConfig(**SHARED, clip_qkv=4.0)


def sliding() -> Any:
    """Qwen3 whose first layer sees seven tokens back."""
    config = qwen3()
    config.use_sliding_window, config.sliding_window = True, 7
    config.layer_types = ["sliding_attention", "full_attention"]
    return config


ARCHITECTURES: dict[str, Callable[[], Any]] = {"llama": llama, "qwen3": qwen3, "olmo": olmo, "sliding": sliding}


def build(name: str, attention: str = "sdpa") -> Any:
    """The same weights every time; the weights are large enough for context to matter."""
    import torch
    from transformers import AutoModelForCausalLM

    config = ARCHITECTURES[name]()
    config.initializer_range = 0.3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    return model.double().eval()
