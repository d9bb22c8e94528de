"""A model with a hole: transformers fills missing weights with random numbers and only warns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rantau.errors import ModelError


def check_complete(info: Mapping[str, Any], where: str) -> None:
    """info: what from_pretrained gives for output_loading_info.

    Raises   ModelError if a weight is missing, or has another shape than the config says
    """
    missing = sorted(info["missing_keys"])
    odd = sorted(str(key) for key in info["mismatched_keys"])
    if missing or odd:
        raise ModelError(
            f"{where}: {len(missing)} weights are missing and {len(odd)} have another shape than config.json "
            f"says, first {(missing + odd)[0]}. Copy the model again."
        )
