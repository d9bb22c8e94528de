"""Models of the Hugging Face hub, fetched file by file through transformers: never pickles, never unasked code."""

from __future__ import annotations

import logging
import os
import re
import socket
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from rantau import files
from rantau.errors import ModelError, SourceError
from rantau.model.adapter_files import CONFIG_FILE, WEIGHTS_FILE
from rantau.model.quiet import quiet_transformers
from rantau.recipe import Model

ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
COMMIT = re.compile(r"[0-9a-f]{40}")
OPTIONAL_FILES = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
)


def is_id(text: str) -> bool:
    """Whether a text has the form of a hub id: name, or org/name."""
    return ID.fullmatch(text) is not None


def fetch(model: Model, *, with_weights: bool) -> Path:
    """The snapshot folder of the pinned revision; its name is the commit.

    Raises   SourceError if the hub or the repository cannot be reached; ModelError if it has no safetensors
    """
    config = _config(model)
    for name in (*OPTIONAL_FILES, *_code_files(model, config)):
        _get(model, name)
    if with_weights:
        _fetch_weights(model)
    return config.parent


def fetch_adapter(adapter: Model) -> Path:
    """The snapshot folder of an adapter's repository; `adapter` names it as `base`.

    Raises   SourceError if the hub or the repository cannot be reached; ModelError if it has no safetensors
    """
    config = _config(adapter, CONFIG_FILE)
    if _get(adapter, WEIGHTS_FILE) is None:
        raise ModelError(
            f"model.adapter {adapter.base}: the hub repository has no {WEIGHTS_FILE}. Only safetensors are "
            "loaded; choose a revision or a repository that has them."
        )
    return config.parent


def commit(model: Model, name: str = "config.json") -> str:
    """The commit that the revision stands for; a revision that is a commit needs no network."""
    if model.revision is not None and COMMIT.fullmatch(model.revision):
        return model.revision
    return _config(model, name).parent.name


def _config(model: Model, name: str = "config.json") -> Path:
    quiet_transformers()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it would print every retry
    config = _get(model, name)
    if config is None:
        _refuse_adapter(model, name)
        hint = "" if reachable() else " in the local hub cache, and the hub cannot be reached from here"
        raise SourceError(
            f"{model.base}: no {name}{hint}. Check id, revision and network, or name a local folder, "
            "a .gguf file or package:<module>/<file> as model.base."
        )
    return config


def _refuse_adapter(model: Model, name: str) -> None:
    """Raises   SourceError that names the base, if the repository is an adapter and a base was asked for"""
    own = _get(model, CONFIG_FILE) if name != CONFIG_FILE else None
    if own is not None:
        base = files.read_json(own).get("base_model_name_or_path")
        raise SourceError(
            f"{model.base}: is an adapter. Write model.base: {base}, and model.adapter: {model.base}"
        )


def _get(model: Model, name: str) -> Path | None:
    """One file of the repository, from the local hub cache if that is up to date; None if there is none."""
    from transformers.utils.hub import cached_file

    try:
        found = cached_file(
            model.base,
            name,
            revision=model.revision,
            local_files_only=not reachable(),
            _raise_exceptions_for_missing_entries=False,
        )
    except OSError as error:
        raise SourceError(
            f"{model.base}: cannot fetch {name} from the hub: {str(error).splitlines()[0]}"
        ) from error
    return Path(found) if found else None


@lru_cache(maxsize=1)
def reachable() -> bool:
    """Whether the hub's host answers; behind a proxy that is for the hub client to find out.

    Without this question the client repeats each request for 24 seconds when there is no network.
    """
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    hub = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    try:
        socket.create_connection((hub.hostname, hub.port or 443), timeout=5).close()
    except OSError:
        return False
    return True


def _fetch_weights(model: Model) -> None:
    index = _get(model, "model.safetensors.index.json")
    names = sorted(set(files.read_json(index)["weight_map"].values())) if index else ["model.safetensors"]
    for name in names:
        if _get(model, name) is None:
            raise ModelError(
                f"{model.base}: the hub repository has no {name}. Only safetensors are loaded; "
                "choose a revision or a repository that has them."
            )


def _code_files(model: Model, config: Path) -> list[str]:
    if model.allow_custom_code != model.base:
        return []
    classes = files.read_json(config).get("auto_map", {}).values()
    return sorted({f"{name.split('--')[-1].split('.')[0]}.py" for name in classes})
