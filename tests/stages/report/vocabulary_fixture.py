"""summary.json of the stage that extends the vocabulary, made by hand."""

from typing import Any


def _row(documents: int, words: int, before: int, after: int) -> dict[str, Any]:
    return {
        "documents": documents, "bytes": 6 * words, "words": words, "tokens_before": before, "tokens_after": after,
        "tokens_per_word_before": before / words, "tokens_per_word_after": after / words,
        "saved_share": 1 - after / before,
    }  # fmt: skip


VOCABULARY: dict[str, Any] = {
    "asked": 2000,
    "words": 1875,
    "candidates": 1875,
    "training_by_language": {"eng": _row(512, 9000, 13600, 13500), "ind": _row(900, 11000, 36400, 27300)},
    "held_out_by_language": {"ind": _row(280, 3000, 10000, 7830)},
    "held_out_by_size": [
        {"asked": 500, "words": 500, "saved_share": 0.121},
        {"asked": 1000, "words": 1000, "saved_share": 0.169},
        {"asked": 2000, "words": 1875, "saved_share": 0.217},
        {"asked": 4000, "words": 1875, "saved_share": 0.217},
    ],
    "examples": [
        {"text": " yang", "count": 812, "saved": 1624},
        {"text": " | tidak", "count": 511, "saved": 1022},
        {"text": " Pemerintah", "count": 290, "saved": 870},
    ],
}
