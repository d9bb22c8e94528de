"""Tokenizers side by side over one text: what each spends, and what words of its own would save it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.records import Document
from rantau.stages.formatting.fertility import Fertility
from rantau.stages.formatting.vocabulary.counting import count_documents
from rantau.stages.formatting.vocabulary.pretokens import Pretokens
from rantau.stages.formatting.vocabulary.saving import by_size, joined
from rantau.stages.formatting.vocabulary.words import rank_words

if TYPE_CHECKING:
    from rantau.model.tokenizer import FastTokenizer

SIZES = (1000, 2000, 4000)
TYPICAL = 2000
WORTH_SHARE = 0.1
"""Below this share of saved tokens a tokenizer that no other model shares is hardly worth having."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One tokenizer.

    name      as it was asked for
    n_tokens  entries of its vocabulary
    rows      fertility of each source, see Fertility.table
    savings   of the first 1000, 2000, 4000 words, as far as there are any; see saving.by_size; empty where words
              cannot be added
    unfit     why they cannot, or what was missing to measure it; None if they can
    """

    name: str
    n_tokens: int
    rows: list[dict[str, Any]]
    savings: list[dict[str, Any]]
    unfit: str | None

    def advice(self, language: str) -> str:
        """What words would save, and whether that is worth trying."""
        if self.unfit:
            return f"No words can be added: it {self.unfit}."
        told = ", ".join(f"{100 * row['saved_share']:.1f} % by {row['words']:,}" for row in self.savings)
        at = [row for row in self.savings if row["asked"] <= TYPICAL][-1]
        worth = at["saved_share"] >= WORTH_SHARE
        what = f"try vocabulary.extend: {TYPICAL}" if worth else "hardly worth their rows"
        return f"New words would save, of the tokens of unseen text in {language}: {told}; {what}."


def compare(
    tokenizer: FastTokenizer,
    learnt: Sequence[Document],
    unseen: Sequence[Document],
    *,
    target: str,
    source: str,
) -> Compared:
    """learnt, unseen   the two sides of the documents; words are learnt from the first in the target language and
    measured on the second
    source              language that others are held against
    """
    from rantau.model.extension import text_of, why_unfit

    fertility = Fertility(tokenizer)
    for document in (*learnt, *unseen):
        fertility.add(document)
    unfit, savings = why_unfit(tokenizer), []
    if unfit is None:
        seen, new = (_pretokens(side, tokenizer, target) for side in (learnt, unseen))
        if seen.counts and new.counts:
            savings = _each_once(by_size(rank_words(seen, text_of), new, SIZES))
        else:
            unfit = f"could take words, but there is no text in {target} to learn them from and to measure them on"
    rows = fertility.table(source)
    return Compared(tokenizer.name_or_path, len(tokenizer), rows, savings, unfit)


def _each_once(savings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the sizes beyond the last word: they would tell the same again."""
    return [row for n, row in enumerate(savings) if not n or row["words"] > savings[n - 1]["words"]]


def _pretokens(documents: Sequence[Document], tokenizer: FastTokenizer, target: str) -> Pretokens:
    tallies = joined(count_documents(documents, tokenizer))
    return tallies[target].pretokens if target in tallies else Pretokens()
