"""Held-out texts and what each costs a model, in nats."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rantau.errors import DataError, MeasureError
from rantau.recipe import HeldOutText
from rantau.records import Dialogue, Document, Dropped
from rantau.run.progress import Progress
from rantau.stages.evaluation.draws import ranked
from rantau.stages.evaluation.ledger import Ledger, Tell
from rantau.stages.evaluation.likelihood.answer_texts import answers_of, cut_answers
from rantau.stages.evaluation.likelihood.cuts import cut_to_bytes
from rantau.stages.evaluation.likelihood.domains import domain_of
from rantau.stages.evaluation.likelihood.marked import Marked
from rantau.stages.evaluation.speakers.speaker import Scorer

NORMAL_FORM: Literal["NFC"] = "NFC"
BATCH_PIECES = 8
Mark = Callable[[Dialogue], Marked]


@dataclass(frozen=True, slots=True)
class HeldOutPiece:
    """The counted part of one held-out document.

    text     name of the text in the recipe
    content  what is scored: all of it, or the answers alone
    marked   where answers are scored: the dialogue in the chat template, its answers marked
    domain   its value of the column `by`; None where the recipe names none
    """

    text: str
    document_id: str
    content: str
    marked: Marked | None = None
    domain: str | None = None

    @property
    def n_bytes(self) -> int:
        return len(self.content.encode())


@dataclass(frozen=True, slots=True)
class TextScore:
    """What one document cost a model: a row of texts.jsonl.

    nats    summed negative log-likelihood, natural log
    bytes   UTF-8 bytes of the scored text
    tokens  scored tokens
    domain  as in HeldOutPiece
    """

    text: str
    document_id: str
    nats: float
    bytes: int
    tokens: int
    domain: str | None = None

    def to_row(self) -> dict[str, Any]:
        """domain only where there is one."""
        return {k: v for k, v in asdict(self).items() if k != "domain" or v is not None}


def draw_pieces(
    documents: Sequence[Document], text: HeldOutText, *, seed: int, mark: Mark | None = None
) -> tuple[list[HeldOutPiece], list[Dropped]]:
    """At most max_documents non-empty pieces in the order of the draw, NFC, each content once; and the dialogues
    that the chat template refuses, with its words as the reason.

    mark     for scored: answers: a dialogue in the chat template, its answers marked
    Raises   MeasureError if fewer than 2 documents have text, or none has the column `by`
    """
    pieces: dict[object, HeldOutPiece] = {}
    dropped: list[Dropped] = []
    for document in ranked(documents, seed=seed, name=f"texts.{text.name}"):
        if len(pieces) == text.max_documents:
            break
        domain = domain_of(document, text, documents) if text.by else None
        if mark is None:
            whole = unicodedata.normalize(NORMAL_FORM, document.content).strip()
            if content := cut_to_bytes(whole, text.max_bytes):
                pieces.setdefault(content, HeldOutPiece(text.name, document.id, content, domain=domain))
        elif dialogue := _dialogue(document, text.max_bytes):
            try:
                piece = HeldOutPiece(text.name, document.id, answers_of(dialogue), mark(dialogue), domain)
                pieces.setdefault(dialogue.messages, piece)
            except DataError as error:
                dropped.append(Dropped.of(document, str(error)))
    if len(pieces) < 2:
        raise MeasureError(
            f"evaluation.texts.{text.name}: {len(pieces)} of {len(documents)} held-out documents has "
            f"{'answers' if mark else 'text'} of its own, and an interval needs 2. Hold out more of its source."
        )
    return list(pieces.values()), dropped


def _dialogue(document: Document, max_bytes: int) -> Dialogue | None:
    """Its dialogue, NFC, as far as its answers have max_bytes; None if it has no answer."""
    normal = document.rewritten(lambda text: unicodedata.normalize(NORMAL_FORM, text).strip())
    return cut_answers(normal.dialogue, max_bytes) if normal.dialogue else None


def score_pieces(
    path: Path, pieces: Sequence[HeldOutPiece], speaker: Scorer, *, context_tokens: int, progress: Progress
) -> list[TextScore]:
    """Scores in the order of the pieces; `path` gets one row a piece as soon as its batch is done (see Ledger)."""

    def weigh(batch: list[HeldOutPiece], tell: Tell) -> list[Mapping[str, Any]]:
        found = _weighed(batch, speaker, context_tokens)
        return [
            TextScore(p.text, p.document_id, nats, p.n_bytes, tokens, p.domain).to_row()
            for p, (nats, tokens) in zip(batch, found, strict=True)
        ]

    ledger: Ledger[HeldOutPiece] = Ledger(
        path,
        name_of=lambda piece: f"{piece.text} {piece.document_id} {piece.n_bytes}",
        row_name=lambda row: f"{row['text']} {row['document_id']} {row['bytes']}",
        length_of=lambda piece: piece.n_bytes,
        batch_size=BATCH_PIECES,
    )
    return [TextScore(**row) for row in ledger.fill(pieces, weigh, "scoring held-out text", progress)]


def _weighed(batch: Sequence[HeldOutPiece], speaker: Scorer, context_tokens: int) -> list[tuple[float, int]]:
    """Nats and scored tokens of each piece; those with marks and those without go to the speaker apart."""
    plain = [p.content for p in batch if p.marked is None]
    rows = [p.marked for p in batch if p.marked is not None]
    of_texts = iter(speaker.nats(plain, context_tokens=context_tokens) if plain else ())
    of_rows = iter(speaker.marked_nats(rows, context_tokens=context_tokens) if rows else ())
    return [next(of_texts if p.marked is None else of_rows) for p in batch]
