"""Arithmetic of a token when the base is frozen, and the most that a device can do.

2 N forward + 2 N backward (to the inputs: frozen weights need no gradient) + attention; where activations are
computed twice, 2 N and one forward attention more. N counts every weight that a token is multiplied with: the
blocks' linear layers and the output head, not the input embedding. Attention is counted causal: half the square.
The adapter's own products are left out, as in published figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Dense bf16 rate of the datasheet, operations per second; the first name that the device's own name contains.
PEAKS: tuple[tuple[str, float], ...] = (
    ("H100 PCIe", 756e12),
    ("H100 NVL", 835e12),
    ("H200 NVL", 835e12),
    ("H100", 989e12),
    ("H200", 989e12),
    ("A100", 312e12),
    ("RTX 4090", 165.2e12),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """linear: weights of the blocks' linear layers; head: of the output layer; width: heads times head size."""

    linear: int
    head: int
    layers: int
    width: int

    @property
    def n(self) -> int:
        return self.linear + self.head


def shape_of(config: Any) -> Shape:
    """Counted on the meta device, for any architecture that transformers knows."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    head = model.get_output_embeddings()
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Shape(
        linear=sum(m.weight.numel() for m in linear),
        head=head.weight.numel(),
        layers=config.num_hidden_layers,
        width=config.num_attention_heads * size,
    )


def flops_per_token(shape: Shape, seq: int, *, recompute: bool = False, head_share: float = 1.0) -> float:
    """seq: tokens that attend to each other; head_share: share of the positions whose logits are computed."""
    times = 6 if recompute else 4
    attention = (8 if recompute else 6) * shape.layers * seq * shape.width
    return times * (shape.linear + head_share * shape.head) + attention


def peak_flops(device: str) -> float | None:
    """Dense bf16 operations per second of a device by its name; None if the name is not known.

    A laptop's chip has the name of the desktop's, and fewer cores.
    """
    if "laptop" in device.lower():
        return None
    return next((peak for name, peak in PEAKS if name.lower() in device.lower()), None)


def mfu(tokens_per_s: float, flops: float, peak: float | None) -> float | None:
    """Share of the device's peak that useful arithmetic takes, 0..1; None without a known peak."""
    return tokens_per_s * flops / peak if peak else None
