"""Pre-tokens: the runs of text that a tokenizer never joins with their neighbours, and what each one costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Pretokens:
    """How often each pre-token occurs, and its tokens. Tokens of a text are the sum over its pre-tokens, so what
    a word saves is its count times (its tokens - 1): exact, whatever else is added.

    counts   pre-token, written in the tokenizer's own signs -> how often
    costs    the same -> tokens of one occurrence, one where a text's border has none
    """

    counts: Counter[str] = field(default_factory=Counter)
    costs: dict[str, int] = field(default_factory=dict)

    def add(self, encoding: Any) -> None:
        """encoding   of the `tokenizers` library, without special tokens put around the text"""
        tokens, words = encoding.tokens, encoding.word_ids
        begin = 0
        for end in range(1, len(words) + 1):
            if end == len(words) or words[end] != words[begin]:
                pretoken = tokens[begin] if end - begin == 1 else "".join(tokens[begin:end])
                self.counts[pretoken] += 1
                self.costs.setdefault(pretoken, end - begin)
                begin = end

    def join(self, other: Pretokens) -> None:
        self.counts.update(other.counts)
        self.costs.update(other.costs)

    @property
    def n_tokens(self) -> int:
        return sum(n * self.costs[pretoken] for pretoken, n in self.counts.items())

    def saved(self, pretoken: str) -> int:
        """Tokens fewer if this pre-token were one token."""
        return self.counts[pretoken] * (self.costs[pretoken] - 1) if pretoken in self.costs else 0

    def saved_by(self, words: Iterable[str]) -> int:
        return sum(map(self.saved, words))

    def without(self, known: Container[str]) -> Pretokens:
        """Those that are not in `known`."""
        left = {p: n for p, n in self.counts.items() if p not in known}
        return Pretokens(Counter(left), {p: self.costs[p] for p in left})


@dataclass(slots=True)
class Tally:
    """Sums over the documents of one source in one language."""

    n_documents: int = 0
    n_bytes: int = 0
    n_words: int = 0
    pretokens: Pretokens = field(default_factory=Pretokens)

    def join(self, other: Tally) -> None:
        self.n_documents += other.n_documents
        self.n_bytes += other.n_bytes
        self.n_words += other.n_words
        self.pretokens.join(other.pretokens)
