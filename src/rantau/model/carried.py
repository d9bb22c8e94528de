"""The adapters that one model carries: which learn, which only speak, and how weights get into them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from rantau.errors import ModelError
from rantau.model.parts import Part, part_of

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

# TRAINED learns; frozen beside it: the adapter of the phase before, and what PiSSA takes out of the base
TRAINED, PREVIOUS, PRINCIPAL = "default", "previous", "principal"
MARKS = "adapter_marks"  # attribute of a PeftModel: what its files will say besides their tensors


def is_of(parameter: str, adapter: str) -> bool:
    """Whether a parameter of that name belongs to the adapter."""
    return f".{adapter}." in f"{parameter}."


def add_frozen(model: PeftModel, name: str, part: Part, where: str) -> None:
    """Another adapter with the weights of `part`, which speaks and does not learn.

    where    what an error names
    Raises   ModelError if a module is not there, or has another shape
    """
    from peft import LoraConfig

    scale = next(iter(part.pairs.values())).scale
    ranks = {module: int(pair.a.shape[0]) for module, pair in part.pairs.items()}
    uneven = {m: r for m, r in ranks.items() if r != part.rank or part.pairs[m].scale != scale}
    config = LoraConfig(
        r=part.rank,
        lora_alpha=cast(int, scale * part.rank),
        target_modules=list(part.pairs),
        rank_pattern=uneven,
        fan_in_fan_out=model.peft_config[TRAINED].fan_in_fan_out,
        alpha_pattern={module: part.pairs[module].scale * rank for module, rank in uneven.items()},
        bias="none",
        task_type="CAUSAL_LM",
    )
    with fitting(where):
        model.add_adapter(name, config)
    fill(model, name, part, where)
    let_all_speak(model)


def fill(model: PeftModel, name: str, part: Part, where: str) -> None:
    """Puts A and B of `part` into the adapter `name`, and what else it has into that.

    Raises   ModelError if a module is not there, or has another shape
    """
    import torch
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    here = part_of(model, name)
    check_same(_matrices(part), _matrices(here), where)
    with torch.no_grad():
        for module, pair in part.pairs.items():
            here.pairs[module].a.copy_(pair.a)
            here.pairs[module].b.copy_(pair.b)
    if part.rest:
        state = get_peft_model_state_dict(model, save_embedding_layers=False)
        check_same(state | part.rest, state, where)
        set_peft_model_state_dict(model, state | part.rest)


def _matrices(part: Part) -> dict[str, torch.Tensor]:
    pairs = part.pairs.values()
    return {pair.a_name: pair.a for pair in pairs} | {pair.b_name: pair.b for pair in pairs}


def check_same(found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], where: str) -> None:
    """Raises   ModelError if a weight is missing, unknown or of another shape"""
    shapes, expected = ({name: tensor.shape for name, tensor in s.items()} for s in (found, wanted))
    odd = sorted(name for name in {*shapes, *expected} if shapes.get(name) != expected.get(name))
    if odd:
        raise ModelError(f"{where}: the adapter does not fit: {len(odd)} weights differ, first {odd[0]}.")


def let_all_speak(model: PeftModel) -> None:
    """Every adapter takes part in every forward pass; only TRAINED has gradients."""
    from peft.tuners.lora import LoraLayer

    names = list(model.peft_config)
    model.set_adapter(TRAINED)
    for module in model.modules():
        if isinstance(module, LoraLayer):  # not the whole model at once: trained rows know one adapter only
            module.set_adapter(names)
    for name, parameter in model.named_parameters():
        if any(is_of(name, adapter) for adapter in names if adapter != TRAINED):
            parameter.requires_grad_(False)


def lift_trainables(model: torch.nn.Module) -> None:
    """Casts every trainable parameter to float32: in half precision small steps vanish and AdamW overflows."""
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32)


@contextmanager
def fitting(where: str) -> Iterator[None]:
    """PEFT's refusals in our words."""
    try:
        with peft_is_behind():
            yield
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{where}: the adapter does not fit this base model ({short(error)}). "
            "Load it on the base that its adapter_config.json names."
        ) from error


@contextmanager
def peft_is_behind() -> Iterator[None]:
    """PEFT 0.21 asks transformers 5.23 for an attribute by its old name; that warning is not for our readers."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
        yield


def short(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
