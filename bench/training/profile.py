"""Where the time of rantau's training goes: torch.profiler over a few steps, operators sorted into kinds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = (
    "linear layers of the base",
    "attention",
    "adapter (LoRA)",
    "norms, activations, sums, copies",
    "head and loss",
    "optimiser and clipping",
    "autograd, python, the rest",
)
LINEAR, ATTENTION, ADAPTER, POINTWISE, HEAD, OPTIMISER, REST = KINDS
PRODUCTS = {"aten::mm", "aten::addmm", "aten::bmm", "aten::matmul", "aten::linear", "aten::addmm_"}


@dataclass
class Profile:
    """seconds: by kind, their sum is wall_s; passes: (rows, width, learnt positions) of each forward pass."""

    wall_s: float = 0.0
    steps: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    passes: list[tuple[int, int, int]] = field(default_factory=list)

    def table(self) -> list[dict[str, Any]]:
        return [
            {"where": kind, "s a step": self.seconds[kind] / self.steps, "share": f"{s / self.wall_s:.1%}"}
            for kind, s in self.seconds.items()
        ]


def kind_of(name: str, shapes: Iterable[Sequence[int]], *, rank: int, vocabulary: int) -> str:
    """The kind of an operator by its name and the sizes of its tensors.

    The adapter is known by its rank, which no other size of the model may equal; its scaling and its sum with the
    base's output count as sums.
    """
    sizes = {
        size for shape in shapes if isinstance(shape, list | tuple) for size in shape if isinstance(size, int)
    }
    if name.startswith("Optimizer.") or "_foreach_" in name or "_fused_adam" in name:
        return OPTIMISER
    if not name.startswith("aten::"):
        return REST
    if "attention" in name:
        return ATTENTION
    if vocabulary in sizes:
        return HEAD
    if name in PRODUCTS:
        return ADAPTER if rank in sizes else LINEAR
    return POINTWISE


def profile(recipe: Path, out: Path, *, rank: int, vocabulary: int) -> Profile:
    """Trains the recipe's phase once under the profiler: times are longer than without it, the shares count."""
    import torch
    from transformers import Trainer

    from bench.training import rantau_side

    found = Profile(seconds=dict.fromkeys(KINDS, 0.0))
    train = Trainer.train

    def profiled(self: Any, *args: Any, **kwargs: Any) -> Any:
        with (
            _passes_noted(self.model, found.passes),
            torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as seen,
        ):
            start = time.perf_counter()
            result = train(self, *args, **kwargs)
            found.wall_s = time.perf_counter() - start
        for event in seen.key_averages(group_by_input_shape=True):
            kind = kind_of(event.key, event.input_shapes, rank=rank, vocabulary=vocabulary)
            found.seconds[kind] += event.self_cpu_time_total / 1e6
        found.steps = self.state.global_step
        return result

    Trainer.train = profiled
    try:
        rantau_side.train(recipe, out)
    finally:
        Trainer.train = train
    found.seconds[REST] = found.wall_s - sum(s for kind, s in found.seconds.items() if kind != REST)
    return found


@contextmanager
def _passes_noted(model: Any, passes: list[tuple[int, int, int]]) -> Iterator[None]:
    """Notes every forward pass: rows and width as the embedding sees them, and positions that get logits."""
    base = model.get_base_model()

    def after_embedding(module: Any, inputs: Any, output: Any) -> None:
        rows, width = inputs[0].shape
        passes.append((rows, width, 0))

    def after_head(module: Any, inputs: Any, output: Any) -> None:
        rows, width, learnt = passes[-1]
        passes[-1] = (rows, width, learnt + output.numel() // output.shape[-1])

    hooks = [
        base.get_input_embeddings().register_forward_hook(after_embedding),
        base.get_output_embeddings().register_forward_hook(after_head),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
