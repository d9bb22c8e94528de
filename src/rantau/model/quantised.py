"""Bases in 4 or 8 bits (bitsandbytes): how they are asked for, told apart, and turned back into plain numbers."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Literal

from rantau.errors import ModelError
from rantau.recipe import Model

if TYPE_CHECKING:
    import torch

Kind = Literal["none", "nf4", "int8"]
FOLDER = "rantau_folder"  # attribute of a base: where its weights were read, unquantised
PACKS = "support_avx512bf16_for_cpu"  # attribute of bitsandbytes' 4-bit layers
ROUNDED = "rantau_rounded"  # attribute of a base that was quantised and then dequantised


def quantisation_options(model: Model, device: str) -> dict[str, Any]:
    """Arguments of from_pretrained; none for a base that is not quantised.

    Raises   ModelError if bitsandbytes is not installed
    """
    if model.quantisation == "none":
        return {}
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            f"model.quantisation {model.quantisation} needs bitsandbytes. Run: pip install bitsandbytes, "
            "or write model.quantisation: none"
        )
    import torch
    from transformers import BitsAndBytesConfig

    config = (
        BitsAndBytesConfig(load_in_8bit=True)
        if model.quantisation == "int8"
        else BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=model.double_quantisation,
            bnb_4bit_compute_dtype=getattr(torch, model.dtype),
        )
    )
    return {"quantization_config": config, "device_map": {"": device}}


def keep_layout(model: torch.nn.Module) -> None:
    """Keeps 4-bit weights as they were read, on every processor.

    With AVX512_BF16 bitsandbytes 0.50 packs them anew the first time that a model in eval mode says something: in
    bfloat16, by a kernel through which no gradient flows, and into an order that can no longer be dequantised.
    """
    for module in model.modules():
        if hasattr(module, PACKS):
            setattr(module, PACKS, False)


def quantisation_of(model: torch.nn.Module) -> Kind:
    """What the linear layers of a loaded model went through."""
    if rounded := getattr(model, ROUNDED, None):
        return rounded  # type: ignore[no-any-return]
    kinds = {type(parameter).__name__ for parameter in model.parameters()}
    return "nf4" if "Params4bit" in kinds else "int8" if "Int8Params" in kinds else "none"


def dequantise(model: torch.nn.Module) -> None:
    """Puts plain float32 linear layers in the place of quantised ones: the same values, no longer packed."""
    import torch

    kind = quantisation_of(model)
    for name, module in list(model.named_modules()):
        if type(getattr(module, "weight", None)).__name__ not in ("Params4bit", "Int8Params"):
            continue
        with torch.device("meta"):
            plain = torch.nn.Linear(module.in_features, module.out_features, bias=module.bias is not None)
        plain.weight = torch.nn.Parameter(dequantised_weight(module), requires_grad=False)
        if module.bias is not None:
            plain.bias = torch.nn.Parameter(module.bias.detach().float(), requires_grad=False)
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, plain)
    for trace in ("hf_quantizer", "quantization_method", "is_quantized", "is_loaded_in_4bit", "is_loaded_in_8bit"):
        if hasattr(model, trace):
            setattr(model, trace, None)
    config: Any = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model.float()
    setattr(model, ROUNDED, kind)


def dequantised_weight(module: torch.nn.Module) -> torch.Tensor:
    """(out, in) float32 on the module's device: the values that its forward pass multiplies by."""
    from transformers.integrations.bitsandbytes import dequantize_bnb_weight

    return dequantize_bnb_weight(module.weight, getattr(module, "state", None)).detach().float()  # type: ignore[no-any-return]
