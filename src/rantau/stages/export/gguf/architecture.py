"""What llama.cpp must know of a model beside its weights: architecture, sizes, rotary positions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rantau.errors import ModelError


@dataclass(frozen=True, slots=True)
class Architecture:
    """name      as llama.cpp calls it
    permuted  rows of the query and key matrices are stored pair by pair: llama.cpp turns neighbouring
              numbers, transformers a number and the one half a head away
    own_head  llama.cpp wants a head in the file even where it is the embedding once more
    """

    name: str
    permuted: bool
    own_head: bool = False


ARCHITECTURES = {
    "LlamaForCausalLM": Architecture("llama", permuted=True),
    "Qwen2ForCausalLM": Architecture("qwen2", permuted=False),
    "Qwen3ForCausalLM": Architecture("qwen3", permuted=False),
    "OlmoForCausalLM": Architecture("olmo", permuted=True),
    "Olmo2ForCausalLM": Architecture("olmo2", permuted=False, own_head=True),
}
ROPE_KINDS = ("default", "linear", "yarn", "llama3")
OLMO_EPSILON = 1e-5  # OLMo's layer norm has no weights, and its epsilon stands in the code, not in the config


def architecture_of(config: Mapping[str, Any]) -> Architecture:
    """config   contents of config.json
    Raises   ModelError if no GGUF can be written for it
    """
    name = (config.get("architectures") or ["unknown"])[0]
    if name not in ARCHITECTURES:
        raise ModelError(
            f"GGUF: {name} is not written here; there are {', '.join(ARCHITECTURES)}. Leave export.gguf empty and "
            "convert the merged model with llama.cpp's own script."
        )
    kind = rope_of(config).get("rope_type", "default")
    if kind not in ROPE_KINDS:
        raise ModelError(
            f"GGUF: rotary positions of the kind {kind} are not written here; there are {', '.join(ROPE_KINDS)}. "
            "Leave export.gguf empty."
        )
    if config.get("use_sliding_window"):
        raise ModelError("GGUF: a model with a sliding window is not written here. Leave export.gguf empty.")
    return ARCHITECTURES[name]


def rope_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary positions, as transformers 5 writes them (rope_parameters) or as older ones did."""
    found = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    found.setdefault("rope_theta", config.get("rope_theta", 10_000.0))
    found.setdefault("rope_type", found.get("type", "default"))
    return found


def head_size(config: Mapping[str, Any]) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def kv_heads(config: Mapping[str, Any]) -> int:
    return int(config.get("num_key_value_heads") or config["num_attention_heads"])


def add_sizes(writer: Any, config: Mapping[str, Any], *, n_tokens: int) -> None:
    """Writes the keys <architecture>.*; n_tokens = rows of the embedding."""
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(kv_heads(config))
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    writer.add_vocab_size(n_tokens)
    if ARCHITECTURES[config["architectures"][0]].name == "olmo":
        writer.add_layer_norm_eps(OLMO_EPSILON)
        if config.get("clip_qkv") is not None:
            writer.add_clamp_kqv(config["clip_qkv"])
    else:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    _add_rope(writer, config)


def _add_rope(writer: Any, config: Mapping[str, Any]) -> None:
    from gguf import RopeScalingType

    rope = rope_of(config)
    writer.add_rope_dimension_count(head_size(config))
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    elif rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(float(rope["factor"]))
        writer.add_rope_scaling_orig_ctx_len(
            int(rope.get("original_max_position_embeddings") or config["max_position_embeddings"])
        )


def rope_factors(config: Mapping[str, Any]) -> list[float] | None:
    """Llama 3's stretching of slow rotations: what each frequency is divided by, half a head of them.

    None for the other kinds, which llama.cpp computes from its keys.
    Wavelengths over original / low_freq_factor are divided by `factor`, those under original /
    high_freq_factor stay, and between them the inverse is drawn straight.
    """
    rope = rope_of(config)
    if rope["rope_type"] != "llama3":
        return None
    size, factor, original = head_size(config), rope["factor"], rope["original_max_position_embeddings"]
    low, high, found = rope["low_freq_factor"], rope["high_freq_factor"], []
    for i in range(0, size, 2):
        turns = original / (2 * math.pi * rope["rope_theta"] ** (i / size))
        share = min(max((turns - low) / (high - low), 0.0), 1.0)
        found.append(1.0 / ((1.0 - share) / factor + share))
    return found
