"""Adapters on disk: the one that is shipped, always a plain LoRA on the base, and the state of a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError
from rantau.model.adapter_files import FROZEN_RANK, write_adapter
from rantau.model.carried import MARKS, PRINCIPAL, TRAINED, check_same, is_of
from rantau.model.parts import Part, joined, part_of
from rantau.model.targets import shortest_endings
from rantau.recipe import Model

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

TRAINED_FILE = "trained.safetensors"


def save_adapter(model: PeftModel, folder: Path, *, base: Model) -> None:
    """Writes the two files of a PEFT adapter; equal weights give equal bytes.

    All adapters that `model` carries become one LoRA on the original base: PiSSA at twice its rank, an adapter
    on another one at the sum of theirs. Only LoftQ is for the quantised base, which the file says.
    base  the recipe's base: its string goes into the file, never a path of this machine
    """
    names = sorted(model.peft_config, key=lambda name: name != TRAINED)
    parts = [part_of(model, name) for name in names]
    state, rank, scale = joined(parts)
    config = model.peft_config[TRAINED].to_dict()
    config |= {"base_model_name_or_path": base_name(base), "revision": base.revision, "inference_mode": True}
    marks = dict(getattr(model, MARKS, {}))
    if len(parts) > 1:
        config |= {"r": rank, "lora_alpha": scale * rank, "use_rslora": False, **_targets(model, parts)}
        marks[FROZEN_RANK] = str(rank - parts[0].rank)
    write_adapter(folder, state, config, marks)


def base_name(base: Model) -> str:
    """What an adapter is for, as its files say; no loader takes two names for one, rather than a wrong base."""
    return f"{base.base} + {base.adapter}" if base.adapter else base.base


def _targets(model: PeftModel, parts: Sequence[Part]) -> dict[str, Any]:
    """Modules of all parts together; as TRAINED names them if they are all its own."""
    modules = list(dict.fromkeys(module for part in parts for module in part.pairs))
    if set(modules) == set(parts[0].pairs):
        return {}
    endings = shortest_endings(modules, model.get_base_model())
    return {"target_modules": endings, "layers_to_transform": None, "layers_pattern": None}


def save_trained(model: PeftModel, folder: Path) -> None:
    """The tensors that learn, as they are, and what PiSSA took out of the base: a checkpoint needs no more."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in _trained(model).items()}
    with files.atomic(folder / TRAINED_FILE) as temporary:
        temporary.write_bytes(save(state, metadata={"format": "pt"}))


def restore_adapter(model: PeftModel, folder: Path) -> None:
    """Puts back what save_trained wrote, bit by bit, into a model that was attached in the same way.

    Raises   ModelError if the file is missing or damaged, or a tensor is missing, unknown or of another shape
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / TRAINED_FILE
    if not path.is_file():
        raise ModelError(f"{path}: no such file. The checkpoint is of another version; remove it and run again.")
    try:
        found = load_file(path)
    except SafetensorError as error:
        raise ModelError(f"{path}: damaged ({error}). Remove the checkpoint and run again.") from error
    wanted = _trained(model)
    check_same(found, wanted, str(folder))
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(found[name])


def _trained(model: PeftModel) -> dict[str, torch.nn.Parameter]:
    named = model.named_parameters()
    return {name: p for name, p in named if p.requires_grad or is_of(name, PRINCIPAL)}
