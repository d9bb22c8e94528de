"""One document as training rows: its token ids, and which of them are learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rantau.chat import Template, Tokenizer, control_token_in, encode, encode_text
from rantau.errors import DataError, ModelError
from rantau.recipe import Phase
from rantau.records import Dialogue, Document, Dropped, Message, Sample

CONTROL_TOKEN = "spells out a control token"
NOTHING_TO_LEARN = "nothing to learn"
TOO_LONG = "longer than max_tokens"
NOTHING_LEFT = "nothing left to learn"

Side = tuple[list[int], list[bool]]


@dataclass(frozen=True, slots=True)
class Writer:
    """How a run writes its rows: the same for every phase."""

    template: Template
    tokenizer: Tokenizer
    system_prompt: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A training row, and the tokens of each text in it, in order; none of them sees another.

    One text, unless rows are packed. A row of kind dpo is a pair: the chosen and the rejected answer, each
    behind the prompt.
    """

    sample: Sample
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a document: rows, or the reason why there are none.

    n_tokens  of the document, before anything was cut; what is dropped unread counts its plain text
    n_cut     tokens beyond max_tokens, which are in no row
    """

    rows: tuple[Row, ...]
    dropped: Dropped | None
    n_tokens: int
    n_cut: int = 0


def rows_of(document: Document, phase: Phase, writer: Writer) -> Written:
    """The document as rows of the phase, or the reason why not.

    cpt learns all of the text (of a dialogue: its turns as plain lines); sft learns the answers of a dialogue
    and their end tokens; dpo writes the pair of answers. No end token is put after a cut: the text does not end
    there.
    Raises   DataError if sft or dpo is given running text, dpo a dialogue without a rejected answer, a template
             refuses a dialogue, or a row is too long and over_long is error; ModelError if the template cannot
             be learnt from. All name file and row
    """
    texts = [m.content for m in document.dialogue.messages] if document.dialogue else [document.text]
    if phase.kind == "dpo" and document.rejected is not None:
        texts.append(document.rejected)
    if any(control_token_in(writer.tokenizer, text) for text in texts):
        return _unread(document, CONTROL_TOKEN, texts, writer)
    if not document.content.strip():
        return _unread(document, NOTHING_TO_LEARN, texts, writer)
    sides = _sides(document, phase, writer)
    n_tokens = sum(len(ids) for ids, _ in sides)
    if not all(any(learnt) for _, learnt in sides):
        return Written((), Dropped.of(document, NOTHING_TO_LEARN), n_tokens)
    if phase.over_long == "split" and n_tokens > phase.max_tokens:
        return Written(_split(document, phase.max_tokens, *sides[0]), None, n_tokens)
    return _fitted(document, phase, sides, n_tokens)


def _unread(document: Document, reason: str, texts: list[str], writer: Writer) -> Written:
    n_tokens = sum(len(writer.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    return Written((), Dropped.of(document, reason), n_tokens)


def _sides(document: Document, phase: Phase, writer: Writer) -> list[Side]:
    """The document as one text; a preference as two, the chosen first."""
    if phase.kind == "cpt":
        return [_running_text(document, writer)]
    if phase.kind == "sft":
        return [_dialogue(document, phase, writer)]
    if document.dialogue is not None and document.rejected is None:
        raise DataError(
            f'Phase {phase.name} learns preferences (kind: dpo), but source "{document.source}" has no rejected '
            f"answer ({document.origin} row {document.row}). Take {document.source} out of "
            f"phases.{phase.name}.mixture, or write kind: sft."
        )
    return [_dialogue(d, phase, writer) for d in (document, _as_rejected(document))]


def _as_rejected(document: Document) -> Document:
    """The dialogue with the rejected answer in place of the last turn."""
    if document.dialogue is None or document.rejected is None:
        return document
    turns = (*document.dialogue.messages[:-1], Message("assistant", document.rejected))
    return replace(document, dialogue=Dialogue(turns))


def _running_text(document: Document, writer: Writer) -> Side:
    """The start token is context, everything after it is learnt."""
    ids = encode_text(writer.tokenizer, document.content)
    return ids, [i > 0 for i in range(len(ids))]


def _dialogue(document: Document, phase: Phase, writer: Writer) -> Side:
    if document.dialogue is None:
        raise DataError(
            f'Phase {phase.name} learns answers (kind: {phase.kind}), but source "{document.source}" has running '
            f"text ({document.origin} row {document.row}). Take {document.source} out of "
            f"phases.{phase.name}.mixture, or write kind: cpt."
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


def _split(document: Document, size: int, ids: list[int], learnt: list[bool]) -> tuple[Row, ...]:
    """All of the text, as rows "<id>", "<id>/2", "<id>/3" that joined are the text again.

    A continuation has no start token: its text does not begin there. Its first token is context alone, since
    nothing in the row predicts it; every other token is learnt as it would be in one long row.
    """
    rows = []
    for n, part in enumerate(cuts(len(ids), size), start=1):
        name = document.id if n == 1 else f"{document.id}/{n}"
        flags = [flag and (n == 1 or i > 0) for i, flag in enumerate(learnt[part])]
        rows.append(_row(name, document, [(ids[part], flags)]))
    return tuple(rows)


def cuts(n_tokens: int, size: int) -> list[slice]:
    """Where a text is cut: all parts but the last have `size` tokens; a last one of a single token, in which
    nothing could be learnt, takes one from its neighbour."""
    starts = list(range(0, n_tokens, size))
    if n_tokens - starts[-1] == 1 and len(starts) > 1:
        starts[-1] -= 1
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], n_tokens], strict=True)]


def _fitted(document: Document, phase: Phase, sides: list[Side], n_tokens: int) -> Written:
    """The row, cut or refused if it is longer than the phase allows."""
    size = phase.max_tokens
    longest = max(len(ids) for ids, _ in sides)
    if longest > size and phase.over_long == "error":
        raise DataError(
            f"{document.origin} row {document.row} (source {document.source}) has {longest} tokens, but "
            f"phases.{phase.name}.max_tokens is {size}. Raise it, or write over_long: truncate."
        )
    if longest > size and phase.over_long == "drop":
        return Written((), Dropped.of(document, TOO_LONG), n_tokens)
    sides = [(ids[:size], learnt[:size]) for ids, learnt in sides]
    alike = len(sides) == 2 and sides[0][0] == sides[1][0]  # cut before the answers part
    if alike or not all(any(learnt) for _, learnt in sides):
        return Written((), Dropped.of(document, NOTHING_LEFT), n_tokens)
    row = _row(document.id, document, sides)
    return Written((row,), None, n_tokens, n_tokens - len(row.sample.ids))


def _row(name: str, document: Document, sides: list[Side]) -> Row:
    ids = tuple(i for side, _ in sides for i in side)
    learnt = tuple(flag for _, side in sides for flag in side)
    return Row(Sample(name, document.source, ids, learnt), tuple(len(side) for side, _ in sides))
