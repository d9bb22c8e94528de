"""The interface's words: one catalogue for each language, the same keys in all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rantau import files

FOLDER = Path(__file__).parent / "locale"
NAMES: Mapping[str, str] = {"en": "English", "id": "Bahasa Indonesia", "ko": "한국어"}
"""Languages of the interface, each in its own words."""
RIGHT_TO_LEFT = ("ar", "fa", "he", "ur")
SHORT: Mapping[str, str] = {
    "ara": "ar", "deu": "de", "eng": "en", "fas": "fa", "fra": "fr", "heb": "he", "hin": "hi", "ind": "id",
    "jav": "jv", "jpn": "ja", "khm": "km", "kor": "ko", "msa": "ms", "mya": "my", "spa": "es", "sun": "su",
    "swa": "sw", "tam": "ta", "tgl": "tl", "tha": "th", "tur": "tr", "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip
"""Web pages name a language by its two-letter code where it has one."""


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """language: a key of NAMES"""
    return dict(files.read_json(FOLDER / f"{language}.json"))


@cache
def version(language: str) -> str:
    """12 hex digits that change with the catalogue, so that browsers may keep it."""
    return hashlib.sha256((FOLDER / f"{language}.json").read_bytes()).hexdigest()[:12]


def address(language: str) -> str:
    return f"/words/{language}.json?v={version(language)}"


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def tag(language: str) -> str:
    """An iso-639-3 code as the lang attribute has it."""
    return SHORT.get(language, language)
