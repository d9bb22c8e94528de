"""An adapter that belongs to the base (model.adapter): merged into it once, unquantised, in a cached folder.

From there on it is a base like any other; tokenizer and template stay those of the base. Weights are stored as
float32 up to 1.5 billion parameters, above that as bfloat16, as a .gguf is.
"""

from __future__ import annotations

import hashlib
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import ModelError, SourceError
from rantau.model import hub
from rantau.model.adapter_files import CONFIG_FILE, WEIGHTS_FILE, check_adapter_files
from rantau.model.cached import cached_folder, make_once
from rantau.model.gguf import FLOAT32_MAX_PARAMETERS
from rantau.model.pretrained import read_pretrained
from rantau.model.quiet import Says
from rantau.recipe import Model

LAYOUT = 1  # raise it when the merge comes out differently
KEPT = {
    ".json",
    ".jinja",
    ".txt",
    ".model",
    ".py",
}  # besides weights: tokenizer, template, generation, custom code


def fingerprint_with(model: Model, base_sha256: str) -> str:
    """The hash of base and adapter together; without an adapter that of the base."""
    if model.adapter is None:
        return base_sha256
    place = _locate(model.adapter)
    if place is None:
        own = hub.commit(_as_hub_model(model.adapter), CONFIG_FILE)
    else:
        own = "".join(files.sha256_file(place / name) for name in (CONFIG_FILE, WEIGHTS_FILE))
    return hashlib.sha256(f"{base_sha256}+{own}".encode()).hexdigest()


def merged_folder(model: Model, base: Path, sha256: str, progress: Says | None) -> Path:
    """The folder of the merged base, made now if it is missing or damaged.

    base     folder of the base alone; sha256: of both together
    Raises   SourceError if there is no such adapter; ModelError if it does not fit the base
    """
    assert model.adapter is not None
    adapter = _locate(model.adapter) or hub.fetch_adapter(_as_hub_model(model.adapter))
    make = partial(_merge, model, base, adapter, progress)
    return make_once(sha256, LAYOUT, f"{model.base} + {model.adapter}", make)


def _locate(adapter: str) -> Path | None:
    """The adapter's local folder; None for a hub id, org/name or org/name@commit."""
    path = Path(adapter).expanduser()
    if path.is_dir():
        try:
            check_adapter_files(path)
        except ModelError as error:
            raise SourceError(f"model.adapter: {error}") from None
        return path
    if path.exists() or not hub.is_id(adapter.partition("@")[0]):
        raise SourceError(
            f"model.adapter {adapter}: no such folder. Name a folder with {CONFIG_FILE} and {WEIGHTS_FILE}, or a "
            f"hub id (org/name or org/name@commit). Relative paths start at {Path.cwd()}."
        )
    return None


def _as_hub_model(adapter: str) -> Model:
    name, _, revision = adapter.partition("@")
    return Model(base=name, revision=revision or None)


def _merge(model: Model, base: Path, adapter: Path, progress: Says | None, folder: Path) -> None:
    from rantau.model.adapters import load_adapter, merge_adapter

    if progress is not None:
        progress.say(f"Merging {model.adapter} into {model.base} once, into {cached_folder(folder.name[1:-4])}")
    merged = merge_adapter(load_adapter(_load(model, base), adapter, trainable=False))
    merged.save_pretrained(folder)
    for path in sorted(base.iterdir()):
        named = not path.name.endswith(".index.json") and not (folder / path.name).exists()
        if path.is_file() and path.suffix in KEPT and named:
            shutil.copyfile(path, folder / path.name)


def _load(model: Model, base: Path) -> Any:
    import torch

    loaded = read_pretrained(base, model, dtype="auto")
    large = sum(p.numel() for p in loaded.parameters()) > FLOAT32_MAX_PARAMETERS
    return loaded.to(torch.bfloat16 if large else torch.float32).requires_grad_(False).eval()
