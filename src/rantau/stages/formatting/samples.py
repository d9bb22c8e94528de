"""One document as one training row: its token ids, and which of them are learnt."""

from __future__ import annotations

from dataclasses import dataclass

from rantau.chat import Template, Tokenizer, control_token_in, encode, encode_text
from rantau.errors import DataError, ModelError
from rantau.recipe.slices import Phase
from rantau.records import Document, Dropped, Sample

CONTROL_TOKEN = "spells out a control token"
NOTHING_TO_LEARN = "nothing to learn"
TOO_LONG = "longer than max_tokens"
NOTHING_LEFT = "nothing left to learn"


@dataclass(frozen=True, slots=True)
class Writer:
    """How a run writes its rows: the same for every phase."""

    template: Template
    tokenizer: Tokenizer
    system_prompt: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A sample, and how many tokens were cut off its end."""

    sample: Sample
    n_cut: int


def row_of(document: Document, phase: Phase, writer: Writer) -> Row | Dropped:
    """The document as a row of the phase, or the reason why not.

    cpt learns all of the text (of a dialogue: its turns as plain lines); sft learns the answers of a dialogue
    and their end tokens. No end token is put after a cut: the text does not end there.
    Raises   DataError if sft is given running text, a template refuses a dialogue, or a row is too long and
             over_long is error; ModelError if the template cannot be learnt from. All name file and row
    """
    texts = [m.content for m in document.dialogue.messages] if document.dialogue else [document.text]
    if any(control_token_in(writer.tokenizer, text) for text in texts):
        return Dropped.of(document, CONTROL_TOKEN)
    if not document.content.strip():
        return Dropped.of(document, NOTHING_TO_LEARN)
    ids, learnt = _running_text(document, writer) if phase.kind == "cpt" else _dialogue(document, phase, writer)
    if not any(learnt):
        return Dropped.of(document, NOTHING_TO_LEARN)
    return _fitted(document, phase, ids, learnt)


def _running_text(document: Document, writer: Writer) -> tuple[list[int], list[bool]]:
    """The start token is context, everything after it is learnt."""
    ids = encode_text(writer.tokenizer, document.content)
    return ids, [i > 0 for i in range(len(ids))]


def _dialogue(document: Document, phase: Phase, writer: Writer) -> tuple[list[int], list[bool]]:
    if document.dialogue is None:
        raise DataError(
            f'Phase {phase.name} learns answers (kind: sft), but source "{document.source}" has running text '
            f"({document.origin} row {document.row}). Take {document.source} out of phases.{phase.name}.mixture, "
            "or write kind: cpt."
        )
    try:
        encoded = encode(
            writer.template,
            writer.tokenizer,
            document.dialogue,
            system_prompt=writer.system_prompt,
            loss_on=phase.loss_on,
        )
    except (DataError, ModelError) as error:
        raise type(error)(f"{document.origin} row {document.row} (source {document.source}): {error}") from error
    return encoded.ids, encoded.learnt


def _fitted(document: Document, phase: Phase, ids: list[int], learnt: list[bool]) -> Row | Dropped:
    """The row, cut or refused if it is longer than the phase allows."""
    n_cut = max(len(ids) - phase.max_tokens, 0)
    if n_cut and phase.over_long == "error":
        raise DataError(
            f"{document.origin} row {document.row} (source {document.source}) has {len(ids)} tokens, but "
            f"phases.{phase.name}.max_tokens is {phase.max_tokens}. Raise it, or write over_long: truncate."
        )
    if n_cut and phase.over_long == "drop":
        return Dropped.of(document, TOO_LONG)
    ids, learnt = ids[: phase.max_tokens], learnt[: phase.max_tokens]
    if not any(learnt):
        return Dropped.of(document, NOTHING_LEFT)
    return Row(Sample(document.id, document.source, tuple(ids), tuple(learnt)), n_cut)
