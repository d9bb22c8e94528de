"""What words save: tokens before and after, language by language, on the text they were learnt from and on unseen
text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rantau.stages.formatting.fertility import ratio
from rantau.stages.formatting.vocabulary.counting import Tallies
from rantau.stages.formatting.vocabulary.pretokens import Pretokens, Tally
from rantau.stages.formatting.vocabulary.words import Word

SIZES = (500, 1000, 2000, 4000, 8000)


def by_language(tallies: Tallies, words: Sequence[Word]) -> dict[str, dict[str, Any]]:
    """Of each language: documents, bytes, words, tokens before and after, tokens per word, and the saved share
    (0..1, None without tokens). Special tokens count nothing."""
    return {language: _row(tally, words) for language, tally in sorted(joined(tallies).items())}


def joined(tallies: Tallies) -> dict[str, Tally]:
    """Language -> sums over its sources."""
    total: dict[str, Tally] = {}
    for (_, language), tally in tallies.items():
        total.setdefault(language, Tally()).join(tally)
    return total


def _row(tally: Tally, words: Sequence[Word]) -> dict[str, Any]:
    before = tally.pretokens.n_tokens
    saved = tally.pretokens.saved_by(word.token for word in words)
    return {
        "documents": tally.n_documents,
        "bytes": tally.n_bytes,
        "words": tally.n_words,
        "tokens_before": before,
        "tokens_after": before - saved,
        "tokens_per_word_before": ratio(before, tally.n_words),
        "tokens_per_word_after": ratio(before - saved, tally.n_words),
        "saved_share": ratio(saved, before),
    }


def by_size(ranked: Sequence[Word], unseen: Pretokens, sizes: Iterable[int] = SIZES) -> list[dict[str, Any]]:
    """Saved share of unseen text for the first N words of a ranking; `words` is less than `asked` where the text
    that they were learnt from has no more."""
    before = unseen.n_tokens
    return [
        {
            "asked": size,
            "words": min(size, len(ranked)),
            "saved_share": ratio(unseen.saved_by(word.token for word in ranked[:size]), before),
        }
        for size in sorted(set(sizes))
    ]
