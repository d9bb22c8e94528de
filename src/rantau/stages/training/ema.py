"""A moving average of the trained tensors over the steps, which forgets where training began."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.errors import TrainingError

if TYPE_CHECKING:
    import torch

FILE = "average.safetensors"


class MovingAverage:
    """After t steps with weights w(1) .. w(t) and decay d, in float32 whatever the weights are:

        average(t) = sum over k of (1 - d) * d**(t - k) * w(k) / (1 - d**t)

    The shares sum to 1, so nothing of the weights before the first step is in it, and a short run is the mean of
    its own steps (Adam corrects its moments in the same way). It is kept as
    average += (w(t) - average) * (1 - d) / (1 - d**t), which needs no second number a weight.
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self._mean = {name: p.detach().float().clone() for name, p in _trained(model)}

    def update(self, model: torch.nn.Module) -> None:
        """Takes in the weights after one more step."""
        import torch

        self.steps += 1
        share = (1 - self.decay) / (1 - self.decay**self.steps)
        with torch.no_grad():
            for name, p in _trained(model):
                if self.steps == 1:
                    self._mean[name].copy_(p)
                else:
                    self._mean[name].lerp_(p.float(), share)

    def put_into(self, model: torch.nn.Module) -> None:
        """The model's trained tensors become the average; before the first step nothing changes."""
        import torch

        with torch.no_grad():
            for name, p in _trained(model):
                if self.steps:
                    p.copy_(self._mean[name])

    @contextmanager
    def inside(self, model: torch.nn.Module) -> Iterator[None]:
        """The model is the average inside the block, and bit by bit what it was afterwards."""
        import torch

        before = {name: p.detach().clone() for name, p in _trained(model)}
        self.put_into(model)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, p in _trained(model):
                    p.copy_(before[name])

    def save(self, folder: Path) -> None:
        from safetensors.torch import save

        whole = {name: tensor.cpu().contiguous() for name, tensor in self._mean.items()}
        with files.atomic(folder / FILE) as temporary:
            temporary.write_bytes(save(whole, metadata={"steps": str(self.steps)}))

    def load(self, folder: Path) -> None:
        """Raises   TrainingError if the file does not hold the tensors that are trained here"""
        from safetensors import safe_open

        with safe_open(folder / FILE, framework="pt") as handle:
            if set(handle.keys()) != set(self._mean):
                raise TrainingError(
                    f"{folder / FILE}: holds other tensors than this phase trains. Delete the folder."
                )
            for name, tensor in self._mean.items():
                tensor.copy_(handle.get_tensor(name))
            self.steps = int(handle.metadata()["steps"])


def _trained(model: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
