"""Exact duplicates: the same words, spaces and case aside. The first one in the order of the recipe stays."""

from __future__ import annotations

import hashlib
import unicodedata

from rantau.records import Document


class SeenTexts:
    """Remembers texts by hash: 16 bytes each, 2**64 texts for one false match to be likely."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, document: Document) -> bool:
        """True if the text is new."""
        plain = " ".join(unicodedata.normalize("NFKC", document.content).casefold().split())
        key = hashlib.sha256(plain.encode()).digest()[:16]
        new = key not in self._seen
        self._seen.add(key)
        return new
