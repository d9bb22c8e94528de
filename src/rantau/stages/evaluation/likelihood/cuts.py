"""Texts cut at a number of bytes."""

from __future__ import annotations

import unicodedata


def cut_to_bytes(text: str, max_bytes: int) -> str:
    """The longest beginning of `text` that has at most max_bytes UTF-8 bytes and no broken character.

    A base letter keeps its combining marks or is left out with them.
    """
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    kept = data[:max_bytes].decode(errors="ignore")
    end = len(kept)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return kept[:end]
