"""Fertility: how many tokens a tokenizer spends on a language."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rantau.chat import Tokenizer
from rantau.language import load_profile, words
from rantau.records import Document

BYTE_TOKEN = re.compile(r"<0x[0-9A-Fa-f]{2}>")


@dataclass(slots=True)
class Tally:
    """Sums over the documents of one source in one language; special tokens count nothing.

    words   running words, as the language's profile cuts them -> how often
    """

    n_documents: int = 0
    n_tokens: int = 0
    n_bytes: int = 0
    n_single: int = 0
    words: Counter[str] = field(default_factory=Counter)

    @property
    def n_words(self) -> int:
        return self.words.total()


class Fertility:
    """Counts documents as they pass, each once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer, self._single = tokenizer, single_byte_ids(tokenizer)
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._seen: set[str] = set()

    def add(self, document: Document) -> None:
        if document.id in self._seen:
            return
        self._seen.add(document.id)
        text = document.content
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        tally = self._tallies.setdefault((document.source, document.language), Tally())
        tally.n_documents += 1
        tally.n_tokens += len(ids)
        tally.words.update(words(text, load_profile(document.language)))
        tally.n_bytes += len(text.encode())
        tally.n_single += sum(i in self._single for i in ids)

    def table(self, source_language: str) -> list[dict[str, Any]]:
        """One row a source and language, in the order of their names.

        tokens_per_word          words as the language's profile counts them
        tokens_per_byte          per byte of UTF-8
        against_source_language  tokens_per_byte over that of all documents in the source language; these are
                                 other texts, not translations. None without such documents
        single_byte_share        share of tokens that stand for one byte, 0..1
        one_token_share          share of running words that are one token after a space, 0..1
        """
        base = [t for (_, language), t in self._tallies.items() if language == source_language]
        n_tokens, n_bytes = sum(t.n_tokens for t in base), sum(t.n_bytes for t in base)
        per_byte = ratio(n_tokens, n_bytes)
        return [
            {
                "source": source,
                "language": language,
                "tokens_per_word": ratio(tally.n_tokens, tally.n_words),
                "tokens_per_byte": ratio(tally.n_tokens, tally.n_bytes),
                "against_source_language": ratio(tally.n_tokens, tally.n_bytes * (per_byte or 0)),
                "single_byte_share": ratio(tally.n_single, tally.n_tokens),
                "one_token_share": ratio(self._one_token(tally.words), tally.n_words),
                "n_documents": tally.n_documents,
            }
            for (source, language), tally in sorted(self._tallies.items())
        ]

    def _one_token(self, counted: Counter[str]) -> int:
        """Running words that cost one token, read after a space, which may be a part of the token."""
        alone = self._length(" ") if counted else 0
        short = (
            n for word, n in counted.items() if min(self._length(f" {word}"), alone + self._length(word)) == 1
        )
        return sum(short)

    def _length(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def single_byte_ids(tokenizer: Tokenizer) -> frozenset[int]:
    """Ids of the tokens that stand for one byte.

    In a byte-level vocabulary (it writes the space as Ġ) every character of a token is one byte; elsewhere a
    byte is <0xNN>, or an ASCII character.
    """
    tokens = tokenizer.get_vocab()
    byte_level = any(token.startswith("Ġ") for token in tokens)
    return frozenset(
        i
        for token, i in tokens.items()
        if BYTE_TOKEN.fullmatch(token) or (len(token) == 1 and (byte_level or token == "▁" or ord(token) < 128))
    )
