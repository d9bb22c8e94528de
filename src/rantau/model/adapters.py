"""LoRA adapters: attach, save, load, merge. Files are plain PEFT; trainable weights are float32."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rantau.errors import ModelError
from rantau.model.adapter_files import FROZEN_RANK, MADE_FOR, AdapterFiles, read_adapter
from rantau.model.beginnings import lost_part, principal_part
from rantau.model.carried import (
    MARKS,
    PREVIOUS,
    PRINCIPAL,
    TRAINED,
    add_frozen,
    check_same,
    fill,
    fitting,
    lift_trainables,
    peft_is_behind,
    short,
)
from rantau.model.parts import Part, negative, part_of, part_of_files, parted, refuse_dora
from rantau.model.quantised import FOLDER, quantisation_of
from rantau.model.saving import restore_adapter, save_adapter, save_trained
from rantau.model.targets import explicit_options, target_options
from rantau.model.vocabulary import learn_rows, refuse_unextended, settle_rows, trainable_rows
from rantau.recipe import Adapter

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig, PeftModel
    from transformers import PreTrainedModel

__all__ = [
    "attach_adapter", "count_parameters", "effective_scale", "lift_trainables", "load_adapter", "lora_alpha",
    "merge_adapter", "restore_adapter", "save_adapter", "save_trained", "stack_adapter",
]  # fmt: skip

AUTO_SCALE = 2.0


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


def lora_config(adapter: Adapter, options: dict[str, Any]) -> LoraConfig:
    """options: which modules, from targets.py. PEFT's own PiSSA and LoftQ are not used: see beginnings.py."""
    from peft import LoraConfig

    alpha = lora_alpha(adapter)
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=cast(int, alpha),  # PEFT declares int and takes float: 2 * sqrt(rank) is rarely whole
        use_rslora=adapter.rslora,
        use_dora=adapter.dora,
        lora_dropout=adapter.dropout,
        bias="none",
        task_type="CAUSAL_LM",
        **options,
    )


def attach_adapter(base: PreTrainedModel, adapter: Adapter, *, seed: int) -> PeftModel:
    """A fresh adapter on `base` (changed in place). Nothing is said differently yet; with init: pissa up to
    rounding, and init: loftq moves a quantised base towards what it was.

    seed    of the A matrices; the caller's generators are left as they were
    Raises  ModelError if a target or layer is not there, cannot take an adapter, or cannot begin as init says
    """
    return _begun(_attached(base, adapter, target_options(base, adapter), seed), adapter, seed)


def stack_adapter(base: PreTrainedModel, previous: Path, adapter: Adapter, *, seed: int) -> PeftModel:
    """A fresh adapter on `base` with the one in folder `previous` beside it, frozen and speaking.

    Raises   ModelError as attach_adapter does; if `previous` does not fit, or if one of them is DoRA
    """
    found = _read_for(base, previous)
    part = part_of_files(found.state, found.config)
    refuse_dora(part, f"{previous}: an adapter with dora: true cannot lie under another one.")
    if adapter.dora:
        raise ModelError("adapter.dora: a DoRA adapter cannot lie on another one. Use dora: false.")
    if adapter.init == "loftq" and MADE_FOR in found.marks:
        raise ModelError(f"init: loftq: {previous} already holds what the base lost. Use init: zero here.")
    model = _attached(base, adapter, explicit_options(base, adapter), seed)
    add_frozen(model, PREVIOUS, Part(part.pairs), str(previous))
    if part.rest:  # rows of new words, learnt on by the new adapter
        fill(model, TRAINED, Part(part_of(model, TRAINED).pairs, part.rest), str(previous))
    _keep_marks(model, found)
    return _begun(model, adapter, seed)


def _attached(base: PreTrainedModel, adapter: Adapter, options: dict[str, Any], seed: int) -> PeftModel:
    import torch
    from peft import get_peft_model

    if adapter.dora and quantisation_of(base) == "int8" and base.device.type == "cpu":
        raise ModelError(
            "adapter.dora: PEFT cannot compute DoRA on int8 weights on a processor (they lose their scales). "
            "Write model.quantisation: nf4 or none, or dora: false."
        )
    transposed = any(type(module).__name__ == "Conv1D" for module in base.modules())  # GPT-2's linear layers
    options = {**options, "trainable_token_indices": trainable_rows(base), "fan_in_fan_out": transposed}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            with peft_is_behind():
                return cast("PeftModel", get_peft_model(base, lora_config(adapter, options)))
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"adapter.targets {adapter.targets}: no adapter can be put there ({short(error)}). Try all-linear."
            ) from error


def _begun(model: PeftModel, adapter: Adapter, seed: int) -> PeftModel:
    """With A and B as adapter.init says, and what learns in float32."""
    hollow = any(parameter.is_meta for parameter in model.parameters())
    if adapter.init == "pissa" and not hollow:
        part = principal_part(model, TRAINED, seed=seed)
        fill(model, TRAINED, part, "init: pissa")
        add_frozen(model, PRINCIPAL, negative(part), "init: pissa")
    elif adapter.init == "loftq" and not hollow:
        part = lost_part(model, TRAINED, getattr(model.get_base_model(), FOLDER, None), seed=seed)
        fill(model, TRAINED, part, "init: loftq")
        setattr(model, MARKS, {MADE_FOR: "nf4"})
    learn_rows(model)
    lift_trainables(model)
    return model


def load_adapter(base: PreTrainedModel, folder: Path, *, trainable: bool) -> PeftModel:
    """The adapter in `folder` on `base` (changed in place). What of it was frozen in its last phase (PiSSA's
    part of the base, an adapter under it) stays frozen when it learns on.

    Raises   ModelError if files are missing or damaged, or if the adapter belongs to another model
    """
    found = _read_for(base, folder)
    frozen = int(found.marks.get(FROZEN_RANK, 0)) if trainable else 0
    if frozen:
        model = _load_parted(base, found, folder, frozen)
    else:
        model = _load_whole(base, found, folder, trainable=trainable)
    _keep_marks(model, found)
    if trainable:
        learn_rows(model)
    else:
        settle_rows(model)
    lift_trainables(model)
    return model


def _keep_marks(model: PeftModel, found: AdapterFiles) -> None:
    setattr(model, MARKS, {name: text for name, text in found.marks.items() if name == MADE_FOR})


def _read_for(base: PreTrainedModel, folder: Path) -> AdapterFiles:
    """Raises   ModelError if the adapter is for another form of the base"""
    found = read_adapter(folder)
    refuse_unextended(base, found.config.get("trainable_token_indices"), folder)
    wanted = found.marks.get(MADE_FOR)
    if wanted is not None and quantisation_of(base) != wanted:
        raise ModelError(
            f"{folder}: this adapter also holds what its base lost in {wanted} (init: loftq), so it fits that "
            f"base in {wanted} only. Write model.quantisation: {wanted}, or take the merged model."
        )
    return found


def _load_whole(base: PreTrainedModel, found: AdapterFiles, folder: Path, *, trainable: bool) -> PeftModel:
    from peft import PeftModel, get_peft_model_state_dict

    with fitting(str(folder)):
        model: PeftModel = PeftModel.from_pretrained(
            base, str(folder), is_trainable=trainable, torch_device=str(base.device)
        )
    # PEFT leaves what it does not find as it was
    check_same(found.state, get_peft_model_state_dict(model, save_embedding_layers=False), str(folder))
    return model


def _load_parted(base: PreTrainedModel, found: AdapterFiles, folder: Path, frozen_rank: int) -> PeftModel:
    """What was learnt as TRAINED, what was not as PREVIOUS."""
    from peft import LoraConfig, get_peft_model

    learnt, frozen = parted(part_of_files(found.state, found.config), frozen_rank)
    scale = next(iter(learnt.pairs.values())).scale
    config = LoraConfig.from_peft_type(**found.config)
    config.r, config.lora_alpha, config.inference_mode = learnt.rank, scale * learnt.rank, False
    if not learnt.pairs.keys() >= frozen.pairs.keys():
        config.target_modules, config.layers_to_transform, config.layers_pattern = set(learnt.pairs), None, None
    with fitting(str(folder)):
        model = cast("PeftModel", get_peft_model(base, config))
    fill(model, TRAINED, learnt, str(folder))
    add_frozen(model, PREVIOUS, frozen, str(folder))
    return model


def merge_adapter(model: PeftModel) -> PreTrainedModel:
    """The base model with all that it carries added into its weights; `model` is used up.

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
            f"The adapter cannot be merged: {short(error)}. Train it again with a lower learning rate."
        ) from error


def count_parameters(model: torch.nn.Module) -> tuple[int, int]:
    """(trainable, total), the adapter included in both."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)
