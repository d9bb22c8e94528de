"""LoRA adapters: attach, save, load, merge. Files are plain PEFT; trainable weights are float32."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rantau import files
from rantau.errors import ModelError
from rantau.recipe import Adapter, Model

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig, PeftModel
    from transformers import PreTrainedModel

AUTO_SCALE = 2.0
WEIGHTS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"


def lora_alpha(adapter: Adapter) -> float:
    """alpha as PEFT takes it; "auto" keeps the effective scale at 2 for any rank and either scaling."""
    if adapter.alpha == "auto":
        return AUTO_SCALE * _divisor(adapter)
    return float(adapter.alpha)


def effective_scale(adapter: Adapter) -> float:
    """What B @ A is multiplied by: alpha / rank, or alpha / sqrt(rank) with rsLoRA."""
    return lora_alpha(adapter) / _divisor(adapter)


def _divisor(adapter: Adapter) -> float:
    return float(adapter.rank**0.5) if adapter.rslora else float(adapter.rank)


def lora_config(adapter: Adapter) -> LoraConfig:
    from peft import LoraConfig

    targets = adapter.targets if isinstance(adapter.targets, str) else list(adapter.targets)
    alpha = lora_alpha(adapter)
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=cast(int, alpha),  # PEFT declares int and takes float: 2 * sqrt(rank) is rarely whole
        use_rslora=adapter.rslora,
        lora_dropout=adapter.dropout,
        target_modules=targets,
        bias="none",
        task_type="CAUSAL_LM",
    )


def attach_adapter(base: PreTrainedModel, adapter: Adapter, *, seed: int) -> PeftModel:
    """A fresh adapter on `base` (changed in place): B is zero, so nothing is said differently yet.

    seed    of the A matrices; the caller's generators are left as they were
    Raises  ModelError if a target names no module, or one that cannot take an adapter
    """
    import torch
    from peft import get_peft_model

    if isinstance(adapter.targets, list):
        _check_targets(base, adapter.targets)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            with _peft_is_behind():
                model = get_peft_model(base, lora_config(adapter))
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"adapter.targets {adapter.targets}: no adapter can be put there ({error}). Try all-linear."
            ) from error
    lift_trainables(model)
    return cast("PeftModel", model)


def _check_targets(base: torch.nn.Module, targets: list[str]) -> None:
    names = [name for name, module in base.named_modules() if name and _takes_adapter(module)]
    leaves = sorted({name.rsplit(".", 1)[-1] for name in names})
    for target in targets:
        if any(name == target or name.endswith(f".{target}") for name in names):
            continue
        near = difflib.get_close_matches(target, leaves, n=3, cutoff=0.4)
        hint = f"Did you mean {', '.join(near)}?" if near else f"Known here: {', '.join(leaves)}."
        raise ModelError(f"adapter.targets: this model has no module {target!r} for an adapter. {hint}")


def _takes_adapter(module: torch.nn.Module) -> bool:
    """Linear layers of any kind (quantised ones too) and embeddings have one weight of their own."""
    weight = getattr(module, "weight", None)
    return weight is not None and not list(module.children()) and weight.ndim >= 2


def lift_trainables(model: torch.nn.Module) -> None:
    """Casts every trainable parameter to float32: in half precision small steps vanish and AdamW overflows."""
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32)


def save_adapter(model: PeftModel, folder: Path, *, base: Model) -> None:
    """Writes the two files of a PEFT adapter; equal weights give equal bytes.

    base  the recipe's base: its string goes into the file, never a path of this machine
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    # save_embedding_layers="auto" would ask the hub whether the vocabulary has changed
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with files.atomic(folder / WEIGHTS_FILE) as temporary:
        temporary.write_bytes(save(whole, metadata={"format": "pt"}))
    files.write_json(folder / CONFIG_FILE, _plain_config(model, base))


def _plain_config(model: PeftModel, base: Model) -> dict[str, Any]:
    config = model.peft_config["default"].to_dict()
    config |= {"base_model_name_or_path": base.base, "revision": base.revision, "inference_mode": True}
    return {k: sorted(v) if isinstance(v, set) else v for k, v in config.items()}


def load_adapter(base: PreTrainedModel, folder: Path, *, trainable: bool) -> PeftModel:
    """The adapter in `folder` on `base` (changed in place).

    Raises   ModelError if files are missing or damaged, or if the adapter belongs to another model
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise ModelError(
                f"{folder / name}: no such file. An adapter is a folder with {CONFIG_FILE} and {WEIGHTS_FILE}."
            )
    try:
        with _peft_is_behind():
            model = PeftModel.from_pretrained(
                base, str(folder), is_trainable=trainable, torch_device=str(base.device)
            )
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the adapter does not fit this base model ({_short(error)}). "
            "Load it on the base that its adapter_config.json names."
        ) from error
    restore_adapter(model, folder)
    lift_trainables(model)
    return model


def restore_adapter(model: PeftModel, folder: Path) -> None:
    """Puts the weights of `folder` into an adapter of the same shape.

    Raises   ModelError if a weight is missing, unknown or of another shape
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    state = load_file(folder / WEIGHTS_FILE)
    expected = get_peft_model_state_dict(model, save_embedding_layers=False)
    shapes, wanted = ({name: tensor.shape for name, tensor in s.items()} for s in (state, expected))
    odd = sorted(name for name in {*shapes, *wanted} if shapes.get(name) != wanted.get(name))
    if odd:
        raise ModelError(f"{folder}: the adapter does not fit: {len(odd)} weights differ, first {odd[0]}.")
    set_peft_model_state_dict(model, state)


def merge_adapter(model: PeftModel) -> PreTrainedModel:
    """The base model with the adapter added into its weights; `model` is used up.

    Raises   ModelError if the base is quantised (the sum would be rounded away) or a weight is not finite
    """
    base = model.get_base_model()
    if getattr(base, "hf_quantizer", None) is not None or getattr(base, "quantization_method", None):
        raise ModelError(
            "The base model is quantised; merging would round the adapter away. Load it with "
            "model.quantisation: none, or set export.merged: false."
        )
    try:
        return cast("PreTrainedModel", model.merge_and_unload(safe_merge=True))
    except ValueError as error:
        raise ModelError(
            f"The adapter cannot be merged: {_short(error)}. Train it again with a lower learning rate."
        ) from error


def count_parameters(model: torch.nn.Module) -> tuple[int, int]:
    """(trainable, total), the adapter included in both."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


@contextmanager
def _peft_is_behind() -> Iterator[None]:
    """PEFT 0.21 asks transformers 5.23 for an attribute by its old name; that warning is not for our readers."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
        yield


def _short(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
