"""A causal language model out of a folder: whole, from safetensors alone, or a ModelError that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError
from rantau.model.complete import check_complete
from rantau.model.quiet import quiet_transformers
from rantau.recipe import Model

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def read_pretrained(folder: Path, model: Model, **options: Any) -> PreTrainedModel:
    """The model in `folder`; `model` names it in errors and says whether its own code may run.

    options  of from_pretrained: dtype, quantisation_config, ...
    Raises   ModelError if it cannot be loaded, or a weight is missing
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    quiet_transformers()
    try:
        loaded, info = AutoModelForCausalLM.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            trust_remote_code=model.allow_custom_code == model.base,
            **options,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{model.base}: transformers cannot load it: {error}") from error
    check_complete(info, model.base)
    found: PreTrainedModel = loaded
    return found
