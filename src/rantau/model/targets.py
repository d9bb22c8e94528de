"""Which modules get an adapter: found in the model itself, and said in names that PEFT finds again."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError
from rantau.recipe import Adapter

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Names on the way to a linear module, as the architectures of transformers have them.
INSIDE: dict[str, frozenset[str]] = {
    "attention": frozenset({"attn", "self_attn", "attention", "self_attention", "encoder_attn", "crossattention"}),
    "mlp": frozenset({"mlp", "ffn", "feed_forward", "feedforward", "fc1", "fc2", "block_sparse_moe", "experts"}),
}


def target_options(base: PreTrainedModel, adapter: Adapter) -> dict[str, Any]:
    """target_modules, and with adapter.layers also layers_to_transform and layers_pattern, for a LoraConfig.

    Raises   ModelError if a target or a layer is not in this model
    """
    if isinstance(adapter.targets, list):
        _check_listed(base, adapter.targets)
    if adapter.layers is None and not isinstance(adapter.targets, str):
        return {"target_modules": list(adapter.targets)}
    if adapter.layers is None and adapter.targets == "all-linear":
        return {"target_modules": "all-linear"}
    return explicit_options(base, adapter)


def explicit_options(base: PreTrainedModel, adapter: Adapter) -> dict[str, Any]:
    """The same with "all-linear" written out, for a base that will carry another adapter by then."""
    chosen = _modules(base, adapter)
    found: dict[str, Any] = {}
    inside: tuple[str, ...] | None = None
    if adapter.layers is not None:
        stack, count = layer_stack(base)
        layers = _numbers(adapter.layers, count)
        inside = tuple(f"{stack}.{number}." for number in layers)
        chosen = [name for name in chosen if name.startswith(inside)]
        if not chosen:
            raise ModelError(f"adapter.layers {adapter.layers}: no target of {adapter.targets} lies in them.")
        found = {"layers_to_transform": layers, "layers_pattern": [stack.rsplit(".", 1)[-1]]}
    return {"target_modules": shortest_endings(chosen, base, inside), **found}


def layer_stack(base: PreTrainedModel) -> tuple[str, int]:
    """Name of the list of layers, and how many there are.

    Raises   ModelError if the model has no such list
    """
    from torch import nn

    count = getattr(base.config.get_text_config(), "num_hidden_layers", None)
    stacks = [n for n, m in base.named_modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    if not stacks or count is None:
        raise ModelError("adapter.layers: this model has no list of layers. Leave adapter.layers out.")
    return min(stacks, key=lambda name: name.count(".")), int(count)


def _numbers(asked: Sequence[int], count: int) -> list[int]:
    for number in asked:
        if not -count <= number < count:
            raise ModelError(
                f"adapter.layers: there is no layer {number}; this model has {count} layers, 0 to {count - 1}, or "
                f"-{count} to -1 from the end."
            )
    return sorted({number % count for number in asked})


def _modules(base: PreTrainedModel, adapter: Adapter) -> list[str]:
    """Full names of the modules that adapter.targets means, in the model's order."""
    if isinstance(adapter.targets, list):
        return [n for n, m in base.named_modules() if takes_adapter(m) and _ends(n, adapter.targets)]
    linear = _linear(base)
    if adapter.targets == "all-linear":
        return linear
    inside = INSIDE[adapter.targets]
    chosen = [name for name in linear if inside & set(name.split("."))]
    if not chosen:
        leaves = sorted({name.rsplit(".", 1)[-1] for name in linear})
        raise ModelError(
            f"adapter.targets: {adapter.targets}: {base.config.model_type} has no module of that kind. "
            f"Name modules instead: {', '.join(leaves) or 'it has no linear ones'}."
        )
    return chosen


def _linear(base: PreTrainedModel) -> list[str]:
    """Linear modules of any kind, quantised ones too, without the output head."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = base.get_output_embeddings()
    return [n for n, m in base.named_modules() if isinstance(m, (nn.Linear, Conv1D)) and m is not head]


def shortest_endings(
    chosen: Sequence[str], base: torch.nn.Module, inside: tuple[str, ...] | None = None
) -> list[str]:
    """The shortest endings that mean `chosen` and nothing else in the layers `inside` (None = anywhere)."""
    names, wanted = [name for name, _ in base.named_modules() if name], set(chosen)
    reach = [name for name in names if inside is None or name.startswith(inside)]
    found: set[str] = set()
    for name in chosen:
        parts = name.split(".")
        endings = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        if not _ends(name, sorted(found)):
            found.add(next(e for e in endings if all(n in wanted for n in reach if _ends(n, [e]))))
    return sorted(found)


def _ends(name: str, endings: Sequence[str]) -> bool:
    return any(name == ending or name.endswith(f".{ending}") for ending in endings)


def _check_listed(base: torch.nn.Module, targets: list[str]) -> None:
    names = [name for name, module in base.named_modules() if name and takes_adapter(module)]
    leaves = sorted({name.rsplit(".", 1)[-1] for name in names})
    for target in targets:
        if any(_ends(name, [target]) for name in names):
            continue
        near = difflib.get_close_matches(target, leaves, n=3, cutoff=0.4)
        hint = f"Did you mean {', '.join(near)}?" if near else f"Known here: {', '.join(leaves)}."
        raise ModelError(f"adapter.targets: this model has no module {target!r} for an adapter. {hint}")


def takes_adapter(module: torch.nn.Module) -> bool:
    """Linear layers of any kind (quantised ones too) and embeddings have one weight of their own."""
    weight = getattr(module, "weight", None)
    return weight is not None and not list(module.children()) and weight.ndim >= 2
