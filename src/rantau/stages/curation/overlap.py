"""Training rows that share text with held-out rows: they would flatter every figure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from rantau.records import Document

COMMON_GROUPS = 3
"""A run of words in the questions of so many held-out groups is the wording of a template, not a leak."""


class HeldOutText:
    """Every run of `n` words of the held-out documents, and the whole words of each.

    Words are runs of letters, digits and marks, case and spaces aside; a run never crosses a turn.
    """

    def __init__(self, documents: Iterable[Document], *, n: int) -> None:
        self.n = n
        self._runs: set[str] = set()
        self._whole: set[str] = set()
        asked: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for document in documents:
            self._whole.add(" ".join(words_of(document.content)))
            for role, text in _parts(document):
                runs = set(self._runs_of(text))
                self._runs |= runs
                if role == "user":
                    for run in runs:
                        asked[run].add((document.source, document.group))
        self._common = frozenset(run for run, groups in asked.items() if len(groups) >= COMMON_GROUPS)

    def shared_with(self, document: Document) -> str | None:
        """The first run of words that held-out text has too, or the whole if it is shorter; else None."""
        whole = " ".join(words_of(document.content))
        if whole in self._whole:
            return whole
        for role, text in _parts(document):
            for run in self._runs_of(text):
                if run in self._runs and not (role == "user" and run in self._common):
                    return run
        return None

    def _runs_of(self, text: str) -> Iterator[str]:
        words = words_of(text)
        return (" ".join(words[i : i + self.n]) for i in range(len(words) - self.n + 1))


def words_of(text: str) -> list[str]:
    """Words in lower case, of any script, hyphens and punctuation aside."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())


def _parts(document: Document) -> list[tuple[str, str]]:
    if document.dialogue is None:
        return [("text", document.text)]
    return [(m.role, m.content) for m in document.dialogue.messages]
