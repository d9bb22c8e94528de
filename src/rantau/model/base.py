"""A base model by its source string: hub id, local folder, .gguf file, or a file of a Python package.

Only safetensors and GGUF are read: pickled weights run code when they are opened. Python code that a
model repository ships runs only when the recipe names the base again in `model.allow_custom_code`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rantau import files
from rantau.errors import ModelError, SourceError
from rantau.model import gguf, hub
from rantau.model.merged_base import fingerprint_with, merged_folder
from rantau.model.package import PREFIX, find_packaged
from rantau.model.quiet import Says
from rantau.recipe import Model, Recipe


@dataclass(frozen=True, slots=True)
class BaseFolder:
    """A base model as a local folder: config, tokenizer and, if asked for, safetensors.

    path    folder that transformers loads
    source  the recipe's base string
    known   hash that was computed already (the .gguf file's, the hub's commit, or that of base and adapter)
    """

    path: Path
    source: str
    known: str | None = None

    @property
    def sha256(self) -> str:
        """What identifies the weights: sha256 of the .gguf, or of base and adapter, else the hub commit, else
        sha256 of the folder."""
        return self.known or _folder_sha256(self.path, _stamp(self.path))


def resolve_base(model: Model, progress: Says | None = None, *, weights: bool = True) -> BaseFolder:
    """Finds the base and brings it into a form that transformers loads. A .gguf file is dequantised once, and
    model.adapter is merged once.

    weights  False leaves a hub model's weights where they are: enough for config and tokenizer
    Raises   SourceError if there is no such base or adapter; ModelError if they may not or cannot be loaded
    """
    own = _resolve_own(model, progress, weights=weights)
    if model.adapter is None:
        return own
    known = fingerprint_with(model, own.sha256)
    path = merged_folder(model, own.path, known, progress) if weights else own.path
    return BaseFolder(path, own.source, known)


def _resolve_own(model: Model, progress: Says | None, *, weights: bool) -> BaseFolder:
    """The base without model.adapter."""
    place = locate(model.base)
    if place is None:
        path = hub.fetch(model, with_weights=False)
        check_code(model, path)
        folder = BaseFolder(hub.fetch(model, with_weights=True) if weights else path, model.base, path.name)
    elif place.is_file():
        folder = _resolve_gguf(model, place, progress)
    else:
        check_code(model, place)
        folder = BaseFolder(place, model.base)
    if weights:
        check_weights(folder.path)
    _check_sha256(model, folder, place)
    return folder


def base_fingerprint(model: Model) -> str:
    """The hash that `resolve_base(model).sha256` would have, without dequantising or downloading weights."""
    return fingerprint_with(model, _own_fingerprint(model))


def _own_fingerprint(model: Model) -> str:
    place = locate(model.base)
    if place is None:
        return hub.commit(model)
    if place.is_file():
        return gguf.sha256_of(place)
    return _resolve_own(model, None, weights=False).sha256


def base_hash(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Fingerprint of a stage that reads the base's weights; `folder` as for tokenizer_hash."""
    return {"base": base_fingerprint(recipe.model)}


def tokenizer_hash(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Fingerprint of a stage that reads tokenizer and chat template: the hash of the .gguf file, the hub's commit,
    or the hash of the folder's files besides its weights.

    folder  of the recipe; not used, since a base is found from the working folder
    """
    model = recipe.model
    place = locate(model.base)
    if place is None:
        return {"tokenizer": hub.commit(model)}
    if place.is_file():
        return {"tokenizer": gguf.sha256_of(place)}
    found = [place / name for name in ("config.json", *hub.OPTIONAL_FILES) if (place / name).is_file()]
    hashes = {path.name: files.sha256_file(path) for path in found}
    return {"tokenizer": files.sha256_text(files.canonical_json(hashes))}


def config_folder(model: Model) -> Path | None:
    """The folder with the base's config.json, or None if the base is a .gguf that is still to be converted."""
    place = locate(model.base)
    if place is None or place.is_dir():
        return resolve_base(model, weights=False).path
    return gguf.converted(gguf.sha256_of(place))


def locate(base: str) -> Path | None:
    """The local file or folder that a base string names; None for a hub id."""
    if base.startswith(PREFIX):
        path = find_packaged(base)
    else:
        path = Path(base).expanduser()
        if not path.exists() and hub.is_id(base) and path.suffix != ".gguf":
            return None
    if not path.exists():
        raise SourceError(f"model.base {base}: no such file or folder. Relative paths start at {Path.cwd()}.")
    if path.is_file() and path.suffix != ".gguf":
        raise SourceError(
            f"model.base {base}: is a file but not .gguf. Name a folder with config.json and safetensors, "
            "a .gguf file, or a hub id."
        )
    if path.is_dir() and not (path / "config.json").is_file():
        raise SourceError(f"model.base {base}: {_why_no_model(path)}")
    return path


def _why_no_model(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return "the folder holds an adapter; write it as model.adapter, and its base as model.base"
    found = sorted(folder.glob("*.gguf"))
    if found:
        return f"the folder holds GGUF; name the file itself: {found[0]}"
    return "the folder has no config.json. Name the folder that save_pretrained wrote."


def check_code(model: Model, folder: Path) -> None:
    """Refuses a repository that brings its own Python code, unless the recipe allows it by name."""
    if model.allow_custom_code == model.base:
        return
    for name in ("config.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file() and files.read_json(path).get("auto_map"):
            raise ModelError(
                f"{model.base}: {name} asks to run Python code of the repository (auto_map). Read that code, "
                f'then write model.allow_custom_code: "{model.base}", or choose another base.'
            )


def check_weights(folder: Path) -> None:
    """Raises   ModelError if the weights are not safetensors, or if some other file of that kind hides pickles"""
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".ckpt"))
    named = any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json"))
    if named or (not pickled and any(folder.glob("*.safetensors"))):
        return
    if pickled:
        raise ModelError(
            f"{folder}: holds only pickled weights ({pickled[0]}), which run code when they are opened. "
            "Use a revision with safetensors, or convert it on a machine that you can lose."
        )
    raise ModelError(f"{folder}: has no *.safetensors. Copy the weights, or name another base.")


def _resolve_gguf(model: Model, path: Path, progress: Says | None) -> BaseFolder:
    found = gguf.sha256_of(path)
    if model.sha256 is not None and model.sha256.lower() != found:
        raise ModelError(
            f"{model.base}: sha256 is {found}, but model.sha256 says {model.sha256}. "
            "Get the right file, or put the new hash into the recipe."
        )
    return BaseFolder(gguf.convert(path, found, progress), model.base, found)


def _check_sha256(model: Model, folder: BaseFolder, place: Path | None) -> None:
    if model.sha256 is None:
        return
    if place is None:
        raise ModelError(f"model.sha256 is for files; pin the hub model {model.base} by model.revision instead.")
    if folder.sha256 != model.sha256.lower():
        raise ModelError(f"{model.base}: sha256 is {folder.sha256}, but model.sha256 says {model.sha256}.")


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = ((p.name, p.stat()) for p in files.files_below(folder))
    return tuple((name, s.st_size, s.st_mtime_ns) for name, s in stats)


@lru_cache(maxsize=8)
def _folder_sha256(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """Full hash, once per process as long as names, sizes and times (`stamp`) stay."""
    return files.sha256_folder(folder)
