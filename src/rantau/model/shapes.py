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
# bytes a weight. nf4: 4 bits, and for every 64 weights a scale of 32 bits, or with double quantisation of 8 bits
# and 32 bits for 256 of those; int8: one scale a row, which is nothing
NF4_BYTES = {False: 0.5 + 4 / 64, True: 0.5 + 1 / 64 + 4 / (64 * 256)}
# two moments of AdamW a parameter; in 8 bits with a scale of 32 bits for every 256 of each (bitsandbytes)
MOMENT_BYTES = {"adamw": 8.0, "adamw_8bit": 2 * (1 + 4 / 256)}


class ParameterCount(TypedDict):
    """by_module: trainable parameters by module name; total: base and adapter together."""

    by_module: dict[str, int]
    trainable: int
    total: int


def trainable_parameters(model: Model, adapter: Adapter) -> ParameterCount:
    """Counts the adapter's parameters with PEFT on the meta device: no weights are loaded. model.adapter is merged
    into the base, so it counts for nothing.

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


def memory_estimate_gib(
    model: Model,
    adapter: Adapter,
    *,
    rows: int,
    max_tokens: int,
    optimiser: str = "adamw",
    gradient_checkpointing: bool = False,
) -> float:
    """Rough peak memory of training, in GiB: weights + adapter + activations of one micro-batch + 0.5.

    weights      linear layers in the recipe's dtype or quantised, all else in dtype
    adapter      a parameter: 4 bytes of weight and 4 of gradient in float32, and two moments of AdamW, 8 bytes or
                 2 in 8 bits; paged moments are counted, since they leave the GPU only when it is full. PiSSA
                 keeps a frozen copy of what it began with, 4 bytes more
    activations  rows x max_tokens x (layers x (22 hidden + 7 inner) x bytes of dtype + 16 x vocabulary):
                 what a block keeps for its backward pass; logits, their float32 copies and gradient. The factors
                 fit SmolLM2-135M, all-linear, float32 on a CPU: 512 tokens in a pass took 2.8 GiB, 2048 took 8.0.
                 With gradient checkpointing every block keeps its input alone, and one block at a time the rest

    rows  in one forward pass
    """
    base = hollow_model(model)
    size = BYTES[model.dtype]
    linear = {"none": size, "int8": 1.0, "nf4": NF4_BYTES[model.double_quantisation]}[model.quantisation]
    weights = _weight_bytes(base, size, linear)
    config = base.config
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    block, layers = (22 * config.hidden_size + 7 * inner) * size, config.num_hidden_layers
    kept = layers * config.hidden_size * size + block if gradient_checkpointing else layers * block
    own = 8 + MOMENT_BYTES[optimiser.removeprefix("paged_")] + (4 if adapter.init == "pissa" else 0)
    adapter_bytes = own * _count(base, 0, adapter)["trainable"]
    return float(weights + adapter_bytes + rows * max_tokens * (kept + 16 * config.vocab_size)) / 2**30 + 0.5


def embedding_parameters(model: Model, n_rows: int) -> int:
    """Parameters of so many rows of the embedding, and of the output head where it is another matrix."""
    base = hollow_model(model)
    embedding, head = base.get_input_embeddings().weight, base.get_output_embeddings().weight
    return n_rows * (int(embedding.shape[1]) + (0 if head is embedding else int(head.shape[1])))


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
