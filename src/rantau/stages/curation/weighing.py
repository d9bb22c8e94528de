"""How many tokens of the base model a document has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rantau.chat import Template, Tokenizer, control_token_in, encode, encode_text
from rantau.recipe import Phase
from rantau.records import Document


class Advance(Protocol):
    def advance(self, by: float = 1) -> None: ...


def count_tokens(
    documents: Sequence[Document],
    *,
    tokenizer: Tokenizer,
    template: Template,
    system_prompt: str | None,
    bar: Advance,
) -> dict[str, int]:
    """Document id -> tokens as it will be trained on: with start and end, a dialogue in its template."""
    counts = {}
    for document in documents:
        if document.dialogue is None:
            counts[document.id] = len(encode_text(tokenizer, document.text))
        else:
            encoded = encode(template, tokenizer, document.dialogue, system_prompt=system_prompt)
            counts[document.id] = len(encoded.ids)
        bar.advance()
    return counts


def control_token(document: Document, tokenizer: Tokenizer) -> str | None:
    """A control token that the text spells out, which could end a turn that nobody ended; else None."""
    parts = [m.content for m in document.dialogue.messages] if document.dialogue else [document.text]
    return next((token for part in parts if (token := control_token_in(tokenizer, part))), None)


def weight(n_tokens: int, phase: Phase) -> int:
    """Tokens that the phase will see of a row: cut at max_tokens, none if over-long rows are dropped."""
    if n_tokens <= phase.max_tokens or phase.over_long == "error":
        return n_tokens
    return phase.max_tokens if phase.over_long == "truncate" else 0
