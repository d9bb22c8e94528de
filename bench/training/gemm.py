"""The machine's own rate of the float32 matrix products that a training step is made of, at the real sizes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

REPEATS, LEAST_S, COPIES = 5, 0.05, 6  # 6 copies of a weight: the next layer's is not in the cache either


@dataclass(frozen=True, slots=True)
class Layer:
    """n_in, n_out of a linear layer, and how many of them the model has."""

    name: str
    n_in: int
    n_out: int
    count: int

    def flops(self, rows: int) -> int:
        """Of one product with `rows` tokens, all layers of this name together."""
        return 2 * rows * self.n_in * self.n_out * self.count


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds of one product for one layer: forward, to the inputs, and the adapter's six together."""

    layer: Layer
    rows: int
    forward_s: float
    backward_s: float
    adapter_s: float

    @property
    def gflops(self) -> tuple[float, float]:
        """10^9 operations per second, forward and to the inputs."""
        one = self.layer.flops(self.rows) / self.layer.count / 1e9
        return one / self.forward_s, one / self.backward_s


def layers_of(config: Any) -> tuple[list[Layer], Layer]:
    """(linear layers of the blocks by name, the output head), counted on the meta device."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    head = model.get_output_embeddings()
    found: dict[tuple[str, int, int], int] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module is not head:
            key = (name.rsplit(".", 1)[-1], module.in_features, module.out_features)
            found[key] = found.get(key, 0) + 1
    layers = [Layer(*key, count) for key, count in found.items()]
    return layers, Layer("head", head.in_features, head.out_features, 1)


def measure(layer: Layer, rows: int, *, rank: int = 0) -> Rate:
    """rank 0: without an adapter, as the head is."""
    import torch

    weights = [torch.randn(layer.n_out, layer.n_in) for _ in range(min(COPIES, layer.count))]
    x, y = torch.randn(rows, layer.n_in), torch.randn(rows, layer.n_out)
    with torch.inference_mode():
        forward_s = seconds(lambda n: torch.nn.functional.linear(x, weights[n % len(weights)]))
        backward_s = seconds(lambda n: y @ weights[n % len(weights)])
        adapter_s = _adapter_seconds(x, y, rank) if rank else 0.0
    return Rate(layer, rows, forward_s, backward_s, adapter_s)


def _adapter_seconds(x: Any, y: Any, rank: int) -> float:
    """x A', h B', and for the gradients y B, y' h, g' x, g A."""
    import torch

    a, b = torch.randn(rank, x.shape[1]), torch.randn(y.shape[1], rank)

    def products(_: int) -> None:
        h = x @ a.T
        h @ b.T
        g = y @ b
        y.T @ h
        g.T @ x
        g @ a

    return seconds(products)


def seconds(product: Callable[[int], Any]) -> float:
    """Median seconds of one call, over 5 runs of at least 50 ms each."""
    product(0)
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < LEAST_S:
        product(n)
        n += 1
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for i in range(n):
            product(i)
        took.append((time.perf_counter() - start) / n)
    return statistics.median(took)


def pass_seconds(rates: Sequence[Rate], *, with_adapter: bool) -> float:
    """Seconds of all products of one pass, as many layers as the model has."""
    each = ((r.forward_s + r.backward_s + (r.adapter_s if with_adapter else 0.0)) * r.layer.count for r in rates)
    return sum(each)


def overall_flops_per_s(rates: Sequence[Rate]) -> float:
    """The rate over all layers, weighted by the work that each has in a pass."""
    return sum(2 * r.layer.flops(r.rows) for r in rates) / pass_seconds(rates, with_adapter=False)
