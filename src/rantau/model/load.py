"""Base models in memory: frozen, in eval mode, in the type and on the device that the recipe and machine say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rantau.errors import MachineError
from rantau.machine import Machine
from rantau.model.base import BaseFolder, resolve_base
from rantau.model.pretrained import read_pretrained
from rantau.model.quantised import FOLDER, keep_layout, quantisation_options
from rantau.model.quiet import Says
from rantau.recipe import Model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["BaseFolder", "load_base", "resolve_base"]


def load_base(model: Model, machine: Machine, progress: Says | None = None) -> PreTrainedModel:
    """The frozen base model: eval mode, no gradients.

    Its `name_or_path` is the recipe's base string, so that adapters saved from it name no path of this machine.
    Raises   SourceError, ModelError (see resolve_base); MachineError if the device is missing
    """
    import torch

    folder = resolve_base(model, progress)
    _check_device(machine.device)
    options = {"dtype": getattr(torch, model.dtype), **quantisation_options(model, machine.device)}
    loaded: Any = read_pretrained(folder.path, model, **options)
    if model.quantisation == "none":
        loaded = loaded.to(machine.device)
    keep_layout(loaded)
    loaded.name_or_path = loaded.config._name_or_path = model.base
    loaded.requires_grad_(False)
    setattr(loaded, FOLDER, folder.path)
    found: PreTrainedModel = loaded.eval()
    return found


def _check_device(device: str) -> None:
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.partition(":")[0], False):
        raise MachineError(f"device {device} is not available to torch {torch.__version__}. Try --device cpu.")
