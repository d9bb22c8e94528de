"""What an adapter costs before any weight is there: parameters by module, and memory.

shapes/*.json hold the published shapes of models that recipes name; other bases are read from their config.json.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from rantau import files
from rantau.errors import ModelError
from rantau.model.base import config_folder, locate, resolve_base
from rantau.recipe import Adapter, Model

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

SHAPES = Path(__file__).parent / "shapes"
BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
# nf4 with double quantisation: 4 bits, 8 bits of scale for 64 weights, 32 bits for 256 of those
QUANTISED_BYTES = {"nf4": 0.5 + 1 / 64 + 4 / (64 * 256), "int8": 1.0}


class ParameterCount(TypedDict):
    """by_module: trainable parameters by module name; total: base and adapter together."""

    by_module: dict[str, int]
    trainable: int
    total: int


def trainable_parameters(model: Model, adapter: Adapter) -> ParameterCount:
    """Counts the adapter's parameters with PEFT on the meta device: no weights are loaded.

    Raises   SourceError, ModelError if the base has no readable config, or lacks a module of adapter.targets
    """
    base = hollow_model(model)
    return _count(base, n_parameters(base), adapter)


def _count(base: PreTrainedModel, total: int, adapter: Adapter) -> ParameterCount:
    """base: on the meta device, of `total` parameters; gets the adapter."""
    from rantau.model.adapters import attach_adapter

    adapted = attach_adapter(base, adapter, seed=0)
    by_module: dict[str, int] = {}
    for name, parameter in adapted.named_parameters():
        if parameter.requires_grad:
            module = name.split(".lora_")[0].rsplit(".", 1)[-1]
            by_module[module] = by_module.get(module, 0) + parameter.numel()
    trainable = sum(by_module.values())
    return {"by_module": by_module, "trainable": trainable, "total": total + trainable}


def memory_estimate_gib(model: Model, adapter: Adapter, *, rows: int, max_tokens: int) -> float:
    """Rough peak memory of training, in GiB: weights + adapter + activations of one micro-batch + 0.5.

    weights      linear layers in the recipe's dtype or quantised, all else in dtype
    adapter      16 bytes a parameter: weight, gradient and two moments of AdamW in float32
    activations  rows x max_tokens x (layers x (22 hidden + 7 inner) x bytes of dtype + 16 x vocabulary):
                 what a block keeps for its backward pass without checkpointing; logits, their float32 copies
                 and gradient. The factors fit SmolLM2-135M, all-linear, float32 on a CPU: 512 tokens in a
                 pass took 2.8 GiB, 2048 took 8.0.

    rows  in one forward pass
    """
    base = hollow_model(model)
    size = BYTES[model.dtype]
    weights = _weight_bytes(base, size, QUANTISED_BYTES.get(model.quantisation, size))
    config = base.config
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    per_token = config.num_hidden_layers * (22 * config.hidden_size + 7 * inner) * size + 16 * config.vocab_size
    adapter_bytes = 16 * _count(base, 0, adapter)["trainable"]
    return float(weights + adapter_bytes + rows * max_tokens * per_token) / 2**30 + 0.5


def n_parameters(model: PreTrainedModel) -> int:
    """All parameters; tied ones count once."""
    return sum(p.numel() for p in model.parameters())


def _weight_bytes(base: PreTrainedModel, size: float, linear_size: float) -> float:
    import torch

    head = base.get_output_embeddings()
    linear = sum(m.weight.numel() for m in base.modules() if isinstance(m, torch.nn.Linear) and m is not head)
    return linear * linear_size + (n_parameters(base) - linear) * size


def hollow_model(model: Model) -> PreTrainedModel:
    """The base on the meta device: modules and shapes, no values."""
    import torch
    from transformers import AutoModelForCausalLM

    config = _config(model)
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(config, trust_remote_code=model.allow_custom_code == model.base)
    base.tie_weights()
    return base.requires_grad_(False)


def _config(model: Model) -> PretrainedConfig:
    from transformers import AutoConfig

    if (shape := _shipped().get(model.base.lower())) is not None and locate(model.base) is None:
        return AutoConfig.for_model(**shape)
    folder = config_folder(model) or resolve_base(model).path
    try:
        return AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=model.allow_custom_code == model.base
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{model.base}: its config.json cannot be read: {error}") from error


@lru_cache(maxsize=1)
def _shipped() -> dict[str, dict[str, Any]]:
    """Hub id in lower case -> config."""
    entries = [json.loads(files.read_text(path)) for path in sorted(SHAPES.glob("*.json"))]
    return {name.lower(): entry["config"] for entry in entries for name in entry["names"]}
