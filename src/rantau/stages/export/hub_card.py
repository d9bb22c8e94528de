"""The model card as a hub takes it: metadata that the hub would refuse is left out, and said so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rantau.errors import DataError

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual")
LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")

# What a repository holds -> what its card says of itself where it is not the adapter.
ABOUT = {
    "bundle": {},
    "merged": {"library_name": "transformers", "base_model_relation": "finetune"},
    "gguf": {"library_name": "gguf", "base_model_relation": "finetune"},
    "ctranslate2": {"library_name": "ctranslate2", "base_model_relation": "finetune"},
}
HOLDS = {
    "merged": "the merged model as plain safetensors: transformers loads it without PEFT",
    "gguf": "the merged model as GGUF for llama.cpp, with a Modelfile for Ollama",
    "ctranslate2": "the merged model for CTranslate2, weights in int8",
}


@dataclass(frozen=True, slots=True)
class HubCard:
    """text: README.md as it is pushed; notes: what was left out and why, a sentence each."""

    text: str
    notes: tuple[str, ...]


def hub_card(text: str, holds: str) -> HubCard:
    """holds    bundle, merged, gguf or ctranslate2
    Raises   DataError if the card's metadata cannot be read at all
    """
    import yaml
    from huggingface_hub import ModelCard
    from ruamel.yaml.error import YAMLError

    try:
        data, body = _parted(text)
        kept, notes = _kept({**data, **ABOUT[holds]})
        dumped = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)
        about = f"\n> This repository holds {HOLDS[holds]}.\n" if holds in HOLDS else ""
        whole = f"---\n{dumped}---\n{about}{body}"
        ModelCard(whole)
    except (ValueError, yaml.YAMLError, YAMLError) as error:
        raise DataError(
            f"README.md: the card's metadata cannot be read ({error}). Run the recipe again."
        ) from error
    return HubCard(whole, tuple(notes))


def _parted(text: str) -> tuple[dict[str, Any], str]:
    """Metadata and what follows it; {} if the text opens with none."""
    from ruamel.yaml import YAML

    found = re.match(r"---\r?\n(.*?)\r?\n---[^\S\n]*\r?\n", text, re.DOTALL)
    if found is None:
        return {}, text
    data = YAML(typ="safe", pure=True).load(found.group(1)) or {}  # YAML 1.2: the language no is no boolean
    if not isinstance(data, dict):
        raise ValueError("the block between --- is no list of keys")
    return data, text[found.end() :]


def _kept(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    kept, notes = dict(data), []
    for key, fits, why in (
        ("base_model", is_hub_id, "is no id of a hub"),
        ("datasets", is_hub_id, "is no id of a hub"),
        ("language", LANGUAGE.fullmatch, "is no language code"),
    ):
        notes += _filter(kept, key, fits, why)
    if "base_model" not in kept:
        kept.pop("base_model_relation", None)
    notes += _plain_license(kept)
    notes += _whole_results(kept)
    return kept, notes


def is_hub_id(value: str) -> bool:
    """Whether a hub would take it for the name of a repository, owner/name; asks no hub."""
    return bool(HUB_ID.fullmatch(value)) and ".." not in value and "--" not in value


def _filter(kept: dict[str, Any], key: str, fits: Callable[[str], Any], why: str) -> list[str]:
    """Leaves in kept[key] only the values that fit; the key goes with its last value."""
    value = kept.get(key)
    if value is None:
        kept.pop(key, None)
        return []
    values = value if isinstance(value, list) else [value]
    good = [v for v in values if isinstance(v, str) and fits(v)]
    if good:
        kept[key] = good if isinstance(value, list) else good[0]
    else:
        kept.pop(key)
    return [f"{key} {v} {why} and is left out of the card's metadata" for v in values if v not in good]


def _plain_license(kept: dict[str, Any]) -> list[str]:
    """A licence in words becomes `other` with its words as the name."""
    value = kept.get("license")
    if not isinstance(value, str) or LICENSE.fullmatch(value):
        return []
    if LICENSE.fullmatch(value.lower()):
        kept["license"] = value.lower()
        return []
    kept |= {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", value.lower()).strip("-") or "other"}
    return [f"license {value!r} is no licence id and is told as: other, {kept['license_name']}"]


def _whole_results(kept: dict[str, Any]) -> list[str]:
    from huggingface_hub import ModelCardData

    index: Any = {"model-index": kept.get("model-index")}
    try:
        ModelCardData(**index)
    except (ValueError, KeyError, TypeError) as error:
        kept.pop("model-index", None)
        return [f"model-index is not as a hub wants it ({error}) and is left out"]
    return []
