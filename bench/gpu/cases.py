"""What is measured on a GPU: shapes, adapters and lengths that somebody has published figures for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.model import shapes

SHAPES = Path(shapes.__file__).parent / "shapes"


@dataclass(frozen=True, slots=True)
class Case:
    """shape           file of src/rantau/model/shapes, or the path of one of its kind
    rows, micro_batch  of an optimiser step, of one forward pass
    recompute          activations are computed twice instead of kept
    least_tokens_per_s, most_gib  targets, None = there is none
    """

    name: str
    shape: str
    quantisation: str
    rank: int
    seq: int
    rows: int
    micro_batch: int
    recompute: bool
    least_tokens_per_s: float | None = None
    most_gib: float | None = None
    dtype: str = "bfloat16"


CASES: tuple[Case, ...] = (
    Case("1b-qlora", "llama-3.2-1b-instruct", "nf4", 32, 2048, 8, 4, recompute=False),
    Case("8b-qlora", "llama-3-8b-instruct", "nf4", 8, 1024, 1, 1, recompute=True, most_gib=9.0),
    Case("8b-lora", "llama-3-8b-instruct", "none", 16, 4096, 8, 2, recompute=False, least_tokens_per_s=12_500),
    Case("qwen3-8b-lora", "qwen3-8b", "none", 16, 4096, 8, 2, recompute=False),
    Case("qwen3-8b-qlora", "qwen3-8b", "nf4", 16, 2048, 4, 2, recompute=True),
)
BY_NAME = {case.name: case for case in CASES}


def config_of(shape: str) -> Any:
    """The transformers config of a shape file: its name, or its path."""
    from transformers import AutoConfig

    path = Path(shape) if shape.endswith(".json") else SHAPES / f"{shape}.json"
    return AutoConfig.for_model(**json.loads(path.read_text(encoding="utf-8"))["config"])
