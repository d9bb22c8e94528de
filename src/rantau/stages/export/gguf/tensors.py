"""The weights of a merged model under llama.cpp's names, one in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import ModelError
from rantau.stages.export.gguf.architecture import architecture_of, kv_heads, rope_factors

STORED = {"F32": "F32", "F16": "F16", "BF16": "BF16"}
EMBEDDING, ROPE_FACTORS = "token_embd.weight", "rope_freqs.weight"
Q8_BLOCK = 32


@dataclass(frozen=True, slots=True)
class Tensor:
    """name    in the GGUF file
    file    safetensors file that has it; None = computed from the config (the rotary factors)
    key     name in that file
    shape   rows first
    type    as the gguf package names it: F32, F16, BF16, Q8_0
    heads   more than 0: rows are stored pair by pair within that many heads
    """

    name: str
    file: Path | None
    key: str
    shape: tuple[int, ...]
    type: str
    heads: int = 0

    @property
    def n_bytes(self) -> int:
        import numpy as np
        from gguf import GGMLQuantizationType, quant_shape_to_byte_shape

        kind = GGMLQuantizationType[self.type]
        if kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
            return int(np.prod(self.shape)) * (4 if kind == GGMLQuantizationType.F32 else 2)
        return int(np.prod(quant_shape_to_byte_shape(self.shape, kind)))


def tensors_of(folder: Path, config: Mapping[str, Any], matrices: str | None) -> list[Tensor]:
    """All tensors to write, in the order of the layers.

    matrices  type of the matrices; None = as they are stored. Vectors are F32, as llama.cpp wants them
    Raises    ModelError if a weight has no name in llama.cpp
    """
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, TensorNameMap
    from safetensors import safe_open

    architecture = architecture_of(config)
    number = next(a for a in MODEL_ARCH if MODEL_ARCH_NAMES[a] == architecture.name)
    names, found = TensorNameMap(number, config["num_hidden_layers"]), []
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as stored:
            for key in sorted(stored.keys(), key=_by_layer):
                if _left_out(key, config):
                    continue
                part = stored.get_slice(key)
                name = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if name is None:
                    raise ModelError(
                        f"GGUF: {architecture.name} has no place for the weight {key} of {file.name}."
                    )
                shape, heads = tuple(part.get_shape()), _heads(key, config) if architecture.permuted else 0
                kind = _type(shape, matrices or STORED.get(part.get_dtype(), "F32"))
                found.append(Tensor(name, file, key, shape, kind, heads))
    if architecture.own_head and config.get("tie_word_embeddings"):
        found += [replace(tensor, name="output.weight") for tensor in found if tensor.name == EMBEDDING]
    if (factors := rope_factors(config)) is not None:
        found.append(Tensor(ROPE_FACTORS, None, "", (len(factors),), "F32"))
    return found


def _by_layer(key: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.]", key)]


def _left_out(key: str, config: Mapping[str, Any]) -> bool:
    """llama.cpp takes a missing head from the embedding, and computes rotations itself."""
    return key.endswith("rotary_emb.inv_freq") or (
        key == "lm_head.weight" and bool(config.get("tie_word_embeddings"))
    )


def _heads(key: str, config: Mapping[str, Any]) -> int:
    if ".q_proj." in key:
        return int(config["num_attention_heads"])
    return kv_heads(config) if ".k_proj." in key else 0


def _type(shape: Sequence[int], matrices: str) -> str:
    if len(shape) == 1:
        return "F32"
    return "F16" if matrices == "Q8_0" and shape[-1] % Q8_BLOCK else matrices


def arrays(tensors: Sequence[Tensor], config: Mapping[str, Any]) -> Iterator[Any]:
    """What is written for each tensor: a numpy array of n_bytes, in the same order."""
    import numpy as np
    import torch
    from gguf import GGMLQuantizationType, quantize
    from safetensors import safe_open

    for tensor in tensors:
        if tensor.file is None:
            yield np.array(rope_factors(config), dtype=np.float32)
            continue
        with safe_open(tensor.file, framework="pt") as stored:
            values = stored.get_tensor(tensor.key).to(torch.float32).numpy()
        if tensor.heads:
            values = paired(values, tensor.heads)
        yield np.ascontiguousarray(quantize(np.ascontiguousarray(values), GGMLQuantizationType[tensor.type]))


def paired(rows: Any, heads: int) -> Any:
    """Rows (or a bias) of one head from [first half, second half] to [first of each half, second of each, ...]."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, half, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def read_config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = files.read_json(folder / "config.json")
    return config
