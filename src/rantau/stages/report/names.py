"""Names: what people call a model, a language, a file."""

from __future__ import annotations

import re

from rantau.errors import RecipeError
from rantau.language import load_profile
from rantau.stages.report.facts import LanguageNames


def short_base(base: str) -> str:
    """What people call the model: the last part of a base string, without file type and quantisation."""
    name = base.rstrip("/").rsplit("/", 1)[-1].removeprefix("package:")
    return re.sub(r"([.-](Q\d\w*|IQ\d\w*|B?F16|F32))?\.gguf$", "", name)


def language_names(code: str) -> LanguageNames:
    """Names of a language; one without a profile keeps its code."""
    try:
        p = load_profile(code)
    except RecipeError:
        return LanguageNames(code, code, code, code, None, ())
    return LanguageNames(code, p.iso_639_1 or code, p.name, p.own_name, p.detector_label, p.confused_with)
