"""Validation of what people send. Text keeps its meaning: no compatibility forms, joiners stay."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, cast

from rantau.web.site import SiteLimits
from rantau.web.talks.rejected import Rejected

MARKS, BIDI = 64, 8
"""Longest run of combining marks, and of direction controls; what is beyond covers other people's text."""

_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BIDI_RUN = re.compile(rf"([{_DIRECTIONS}]{{{BIDI}}})[{_DIRECTIONS}]+")
_UNSEEN = re.compile(rf"[{_DIRECTIONS}\u00ad\u180e\u200b\u2028\u2029\u2060-\u2064\ufeff\ufff9-\ufffb]")
_CLIENT_ID = re.compile(r"[!-~]{1,64}")
TITLE_CHARS = 200
ANSWER_CHARS = 200_000


def clean_text(text: object, limits: SiteLimits) -> str:
    """A message as it is kept: NFC, line ends as \\n, no control characters.

    Raises   Rejected empty, too_long or bad_text
    """
    found = _plain(text, limits.message_chars)
    if not found.strip():
        raise Rejected("empty", "The message is empty. Write something first.")
    return found


def clean_prompt(text: object, limits: SiteLimits) -> str:
    """A system prompt: the same, but it may be empty."""
    return _plain(text, limits.message_chars).strip()


def clean_answer(text: object, longest: int) -> str:
    """What a model said, in a file that a person brings."""
    return _plain(text, longest)


def clean_title(text: object) -> str:
    """One line, without signs that nobody sees and that make one title look like another. It is cut at 200."""
    shown = _UNSEEN.sub("", _plain(text, 10 * TITLE_CHARS))
    return " ".join(shown.split())[:TITLE_CHARS].rstrip()


def clean_client_id(text: object) -> str:
    """Raises   Rejected bad_request"""
    if not isinstance(text, str) or not _CLIENT_ID.fullmatch(text):
        raise Rejected(
            "bad_request", "client_id must be 1 to 64 ASCII characters without spaces, unique per message or talk."
        )
    return text


def _plain(text: object, longest: int) -> str:
    if not isinstance(text, str):
        raise Rejected("bad_text", "The text is no text.")
    _not_longer(text, longest)
    if "\x00" in text:
        raise Rejected("bad_text", "The text holds a NUL character. Remove it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Rejected(
            "bad_text", f"Character {error.start} is half of a character. Copy the text again."
        ) from error
    found = _thin(_CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    found = _thin(unicodedata.normalize("NFC", found))  # which takes a time in the square of a run of marks
    found = _BIDI_RUN.sub(r"\1", found)
    _not_longer(found, longest)
    return found


def _not_longer(text: str, longest: int) -> None:
    if len(text) > longest:
        raise Rejected(
            "too_long", f"The text has {len(text)} characters; {longest} are the most. Shorten it.", 413
        )


def _thin(text: str) -> str:
    """Without the marks of a run beyond the 64th."""
    if text.isascii():
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) or unicodedata.category(character) == "Me" else 0
        if run <= MARKS:
            kept.append(character)
    return "".join(kept)


def clean_wish(wish: object, *, context: int) -> dict[str, Any]:
    """Fields of protocol.Wish that were given, numbers brought into their range.

    context  tokens that the model can take
    Raises   Rejected bad_wish for an unknown field or a value of another kind
    """
    if not isinstance(wish, Mapping):
        raise Rejected("bad_wish", 'The parameters must be an object, such as {"temperature": 0.7}.')
    if unknown := sorted(set(wish) - set(FIELDS) - {"max_tokens"}):
        raise Rejected("bad_wish", f"{unknown[0]!r}: no parameter. There are: max_tokens, {', '.join(FIELDS)}.")
    checks = {**FIELDS, "max_tokens": _whole(1, context)}
    return {name: checks[name](name, value) for name, value in wish.items()}


def _number(low: float, high: float) -> Callable[[str, object], Any]:
    def check(name: str, value: object) -> float:
        finite = math.isfinite(value) if isinstance(value, float) else type(value) is int
        if not finite:
            raise Rejected("bad_wish", f"{name} must be a number in {low}..{high}.")
        return float(min(max(cast(float, value), low), high))  # a whole number may be too large for a float

    return check


def _whole(low: int, high: int, *, or_none: bool = False) -> Callable[[str, object], Any]:
    def check(name: str, value: object) -> int | None:
        if value is None and or_none:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise Rejected("bad_wish", f"{name} must be a whole number in {low}..{high}.")
        return min(max(value, low), high)

    return check


def _stops(name: str, value: object) -> list[str]:
    fine = isinstance(value, list) and len(value) <= 4 and all(isinstance(s, str) and len(s) <= 32 for s in value)
    found = [_plain(stop, 32) for stop in value] if isinstance(value, list) and fine else [""]
    if not all(found):
        raise Rejected("bad_wish", f"{name} must be a list of at most 4 texts of 1 to 32 characters.")
    return found


FIELDS: Mapping[str, Callable[[str, object], Any]] = {
    "temperature": _number(0.0, 2.0),
    "top_p": _number(0.01, 1.0),
    "top_k": _whole(1, 1000, or_none=True),
    "repetition_penalty": _number(0.5, 2.0),
    "stop": _stops,
    "seed": _whole(0, 2**31 - 1, or_none=True),
}
