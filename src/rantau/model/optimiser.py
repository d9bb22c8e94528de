"""Which parameter learns at which rate, and by which AdamW: groups of LoRA+ that PEFT's own helper misplaces."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Literal

from rantau.errors import MachineError
from rantau.recipe.training import Optimiser

if TYPE_CHECKING:
    import torch

Kind = Literal["lora_A", "lora_B", "embedding", "magnitude", "other"]
KINDS: tuple[Kind, ...] = ("lora_A", "lora_B", "embedding", "magnitude", "other")
EMBEDDING_SHARE = 0.2
BETA1, BETA2 = 0.9, 0.95
EPSILON = 1e-8
CLASSES = {"adamw_8bit": "AdamW8bit", "paged_adamw": "PagedAdamW", "paged_adamw_8bit": "PagedAdamW8bit"}


def parameter_groups(
    model: torch.nn.Module,
    *,
    learning_rate: float,
    loraplus_ratio: float,
    embedding_learning_rate: float,
    weight_decay: float,
    embedding_weight_decay: float | None = None,
) -> list[dict[str, Any]]:
    """Groups for AdamW: {name, params, lr, weight_decay}, in the order of KINDS, empty ones left out.

    lora_A, magnitude, other   learning_rate (DoRA's magnitudes scale a row: they are no B)
    lora_B                     learning_rate * loraplus_ratio
    embedding                  embedding_learning_rate: whole embeddings or output head, single trained rows
                               (trainable_token_indices), and both parts of LoRA on an embedding
    weight_decay               on matrices; vectors (magnitudes, norms, biases) get none
    embedding_weight_decay     on the matrices of "embedding"; None = weight_decay
    """
    rates = dict.fromkeys(KINDS, learning_rate)
    rates |= {"lora_B": learning_rate * loraplus_ratio, "embedding": embedding_learning_rate}
    decays = dict.fromkeys(KINDS, weight_decay)
    if embedding_weight_decay is not None:
        decays["embedding"] = embedding_weight_decay
    members = _by_kind(model)
    groups: list[dict[str, Any]] = [
        {
            "name": kind if decayed else f"{kind} (no decay)",
            "params": members[kind, decayed],
            "lr": rates[kind],
            "weight_decay": decays[kind] if decayed else 0.0,
        }
        for kind in KINDS
        for decayed in (True, False)
        if (kind, decayed) in members
    ]
    grouped = sorted(id(p) for group in groups for p in group["params"])
    trained = sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert grouped == trained, "each trainable parameter is in exactly one group"
    return groups


def _by_kind(model: torch.nn.Module) -> dict[tuple[Kind, bool], list[torch.nn.Parameter]]:
    """Trainable parameters by (kind, has more than one dimension)."""
    members: dict[tuple[Kind, bool], list[torch.nn.Parameter]] = {}
    inside = _whole_embeddings(model)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kind = "embedding" if id(parameter) in inside else _kind(name)
            members.setdefault((kind, parameter.ndim > 1), []).append(parameter)
    return members


def _kind(name: str) -> Kind:
    if "lora_embedding_" in name or "trainable_tokens_" in name:
        return "embedding"
    if "lora_magnitude_vector" in name:
        return "magnitude"
    return "lora_A" if ".lora_A." in name else "lora_B" if ".lora_B." in name else "other"


def _whole_embeddings(model: torch.nn.Module) -> set[int]:
    """Ids of the weights of embeddings and of the output head, and of PEFT's trainable copies of them."""
    from torch import nn
    from transformers import PreTrainedModel

    heads = [m.get_output_embeddings() for m in model.modules() if isinstance(m, PreTrainedModel)]
    found = set()
    for module in model.modules():
        original = getattr(module, "original_module", module)
        if isinstance(original, nn.Embedding) or (any(module is head for head in heads) and _is_whole(module)):
            found |= {id(p) for n, p in module.named_parameters() if _kind(n) == "other"}
    return found


def _is_whole(head: torch.nn.Module) -> bool:
    """False where the head carries LoRA matrices: those are an A and a B like any other."""
    return not any(_kind(f".{name}") in ("lora_A", "lora_B") for name, _ in head.named_parameters())


def adamw(groups: list[dict[str, Any]], *, beta2: float = BETA2) -> torch.optim.AdamW:
    import torch

    return torch.optim.AdamW(groups, betas=(BETA1, beta2), eps=EPSILON)


def check_optimiser(kind: Optimiser, device: str) -> None:
    """Raises   MachineError if bitsandbytes is missing, or cannot page on this device"""
    if kind == "adamw":
        return
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MachineError(
            f"optimiser: {kind} needs bitsandbytes, which is not installed. Run: pip install 'rantau[quant]', "
            "or write optimiser: adamw"
        )
    if kind.startswith("paged") and device.partition(":")[0] != "cuda":
        raise MachineError(
            f"optimiser: {kind} moves its moments between a GPU and memory, so it needs --device cuda, got "
            f"{device}. Write optimiser: {kind.removeprefix('paged_')}"
        )


def optimiser_of(
    kind: Optimiser, groups: list[dict[str, Any]], *, beta2: float = BETA2, device: str
) -> torch.optim.Optimizer:
    """AdamW over our groups, with the same betas and epsilon whatever its kind.

    beta2              share of the squared gradients' mean that a step keeps
    adamw_8bit         both moments in 8 bits, in blocks with a scale each; tensors under 4,096 elements stay at 32
    paged_*            moments in memory that the GPU pages in (CUDA only)
    Raises   MachineError (see check_optimiser)
    """
    if kind == "adamw":
        return adamw(groups, beta2=beta2)
    check_optimiser(kind, device)
    import bitsandbytes

    made: torch.optim.Optimizer = getattr(bitsandbytes.optim, CLASSES[kind])(
        groups, betas=(BETA1, beta2), eps=EPSILON
    )  # fmt: skip
    return made
