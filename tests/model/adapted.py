"""What tests of adapters share: a base in memory, an adapter that says something, and what the model says."""

from typing import Any

from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.recipe import Adapter, Model

IDS = [5, 6, 7, 8, 9, 40, 41, 42]


def base_of(model: Model) -> Any:
    return load_base(model, Machine())


def attached(model: Model, *, seed: int = 1, **adapter: Any) -> Any:
    return attach_adapter(base_of(model), Adapter(**{"rank": 4, **adapter}), seed=seed)


def learn(model: Any, *, seed: int = 0, size: float = 0.05) -> Any:
    """As after some steps: every tensor that learns moves, each a little and in its own way."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters(), key=lambda item: item[0]):
            if parameter.requires_grad:
                parameter.add_(size * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model.eval()(torch.tensor([IDS])).logits.float()


def apart(one: Any, other: Any) -> float:
    """The largest difference of two models' logits."""
    return float((logits(one) - logits(other)).abs().max())


def trainable_modules(model: Any) -> set[str]:
    """Full names of the modules whose LoRA matrices learn."""
    names = (n for n, p in model.named_parameters() if p.requires_grad)
    return {n.split(".lora_")[0].removeprefix("base_model.model.") for n in names}
