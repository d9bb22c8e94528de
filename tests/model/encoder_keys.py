"""What a stage's key knows of an encoder in a folder, weights after weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau.model.encoder import load_encoder
from rantau.run.stage import Stage


def fingerprints(stage: Stage, recipe: Any, folder: Path, weights: Sequence[bytes]) -> list[Mapping[str, str]]:
    """The stage's fingerprint with each of these as the weights of folder/encoder."""
    assert stage.fingerprint is not None
    encoder = folder / "encoder"
    encoder.mkdir(exist_ok=True)
    (encoder / "config.json").write_text('{"hidden_size": 4}')
    found = []
    for one in weights:
        load_encoder.cache_clear()
        (encoder / "model.safetensors").write_bytes(one)
        found.append(stage.fingerprint(recipe, folder))
    load_encoder.cache_clear()
    return found
