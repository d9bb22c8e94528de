"""The files of the pages, as tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rantau.web.pages import words

PAGES = Path(words.__file__).parent
SCRIPTS = sorted((PAGES / "static" / "script").rglob("*.js"))
STYLES = sorted((PAGES / "static" / "style").rglob("*.css"))
TEMPLATES = sorted((PAGES / "templates").rglob("*.html"))
PLURALS = {"one", "other", "two", "few", "many", "zero"}


def flat(catalogue: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | Mapping[str, str]]]:
    """Key and words; of words that depend on a number all forms."""
    for name, value in catalogue.items():
        key = f"{before}{name}"
        if isinstance(value, dict) and not set(value) <= PLURALS:
            yield from flat(value, f"{key}.")
        else:
            yield key, value


def forms(value: str | Mapping[str, str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value.values())


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def without_comments(script: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", script, flags=re.DOTALL)
