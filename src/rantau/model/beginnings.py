"""How A and B begin when B is not zero: PiSSA and LoftQ.

PiSSA (Meng et al. 2024) learns the principal part of a weight, which the frozen base gives up. Here the base
stays as it is and a frozen adapter takes that part away again, -B0 @ A0: the same sum for any type of the
base, and afterwards [A; A0] and [B, -B0] are a plain LoRA of twice the rank on the original base, exactly.
LoftQ (Li et al. 2023) begins with what the base lost by quantisation; one step of its alternation, so that
the base is the quantised one that everybody gets, whatever the adapter.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError
from rantau.model.parts import A_ENDINGS, B_ENDINGS, PREFIX, Pair, Part
from rantau.model.quantised import dequantised_weight

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

EXACT_UP_TO = 1024  # smaller side of a matrix; above that the singular vectors are found by iteration
ITERATIONS = 16


def principal_part(model: PeftModel, name: str, *, seed: int) -> Part:
    """The largest singular directions of every weight under adapter `name`, other adapters added in.

    Empty on the meta device, where there are no weights.
    Raises   ModelError if a rank is larger than a weight, or if a module is not a float linear layer
    """
    pairs = {}
    for module, layer in _linear_layers(model, name, "pissa"):
        weight = _weight(layer)
        if not weight.is_floating_point() or weight.ndim != 2:
            raise ModelError(f"init: pissa needs model.quantisation: none; {module} is quantised.")
        if weight.is_meta:
            return Part({})
        whole = weight.float()
        for other in layer.lora_A.keys() - {name}:
            whole = whole + layer.scaling[other] * layer.lora_B[other].weight @ layer.lora_A[other].weight
        pairs[module] = _pair(module, whole, layer, name, seed)
    return Part(pairs)


def lost_part(model: PeftModel, name: str, folder: Path | None, *, seed: int) -> Part:
    """What the 4-bit weights under adapter `name` lost against the weights in `folder`, at the adapter's rank.

    folder   where the base was read, None = it was made in memory, and there is nothing to compare with
    Raises   ModelError if a module is not in 4 bits, or not in the folder's safetensors under its name
    """
    layers, pairs = _linear_layers(model, name, "loftq"), {}
    if folder is None:
        raise ModelError("init: loftq needs a base that was read from a folder. Use init: zero with this base.")
    exact = _Weights(folder)
    for module, layer in layers:
        weight = layer.get_base_layer().weight
        if weight.is_meta:
            return Part({})
        if type(weight).__name__ != "Params4bit":
            raise ModelError(f"init: loftq needs model.quantisation: nf4; {module} is not in 4 bits.")
        coarse = dequantised_weight(layer.get_base_layer())
        lost = exact.read(f"{module}.weight", tuple(coarse.shape)).to(coarse) - coarse
        pairs[module] = _pair(module, lost, layer, name, seed)
    return Part(pairs)


def _linear_layers(model: PeftModel, name: str, init: str) -> list[tuple[str, Any]]:
    """(full module name, PEFT layer)"""
    found = []
    for module, layer in model.named_modules():
        if name in getattr(layer, "lora_embedding_A", {}):
            raise ModelError(
                f"init: {init} is for linear modules; leave {module.rsplit('.', 1)[-1]} out of targets."
            )
        if name in getattr(layer, "lora_A", {}):
            found.append((module.removeprefix(PREFIX), layer))
    return found


def _weight(layer: Any) -> torch.Tensor:
    """(out, in); GPT-2's layers store it the other way round."""
    weight: torch.Tensor = layer.get_base_layer().weight.detach()
    return weight.T if getattr(layer, "fan_in_fan_out", False) else weight


def _pair(module: str, weight: torch.Tensor, layer: Any, name: str, seed: int) -> Pair:
    """A and B with scale * B @ A = the principal part of `weight`, its singular values shared evenly."""
    rank, scale = int(layer.r[name]), float(layer.scaling[name])
    if rank > min(weight.shape):
        raise ModelError(
            f"adapter.rank {rank}: {module} is {weight.shape[0]} x {weight.shape[1]} and has no {rank} singular "
            "values to begin with. Use a smaller rank, or init: zero."
        )
    left, values, right = _singular(weight, rank, seed)
    root = (values / scale).sqrt()
    return Pair(root[:, None] * right, left * root, scale, f"{PREFIX}{module}{A_ENDINGS[0]}", f"{PREFIX}{module}{B_ENDINGS[0]}")  # fmt: skip  # noqa: E501


def _singular(weight: torch.Tensor, rank: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(out, rank), (rank,), (rank, in) float32: the largest singular values and their vectors."""
    import torch

    if min(weight.shape) > EXACT_UP_TO and 4 * rank < min(weight.shape):
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(weight.shape[1], rank + 8, generator=generator).to(weight)
        basis = torch.linalg.qr(weight @ start).Q
        for _ in range(ITERATIONS):
            basis = torch.linalg.qr(weight @ torch.linalg.qr(weight.T @ basis).Q).Q
        left, values, right = torch.linalg.svd(basis.T @ weight, full_matrices=False)
        left = basis @ left
    else:
        left, values, right = torch.linalg.svd(weight, full_matrices=False)
    return left[:, :rank].contiguous(), values[:rank], right[:rank].contiguous()


class _Weights:
    """The safetensors of a model folder, read tensor by tensor."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._folder = folder
        self._paths: dict[str, Path] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt") as opened:
                self._paths |= dict.fromkeys(opened.keys(), path)

    def read(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """float32; files of a bare decoder lack the name's first part."""
        from safetensors import safe_open

        known = next((n for n in (name, name.partition(".")[2]) if n in self._paths), None)
        if known is None:
            raise ModelError(f"init: loftq: {self._folder} has no weight {name}. Use init: zero with this base.")
        with safe_open(self._paths[known], framework="pt") as opened:
            tensor: torch.Tensor = opened.get_tensor(known).float()
        if tuple(tensor.shape) != shape:
            raise ModelError(
                f"init: loftq: {name} is {tuple(tensor.shape)} in {self._folder}, and {shape} as loaded."
            )
        return tensor
