"""Token ids of which some are scored: an answer after its prompt, the last answer after its examples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marked:
    """ids: of the whole row, the first one context only; scored: same length, True where a token is counted"""

    ids: tuple[int, ...]
    scored: tuple[bool, ...]
