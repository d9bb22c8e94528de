"""A source of the recipe -> its documents in file order, with a reason for every row that gives none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rantau.errors import SourceError
from rantau.recipe import Source
from rantau.records import Document, Dropped
from rantau.stages.sources.chatterbot import read_chatterbot
from rantau.stages.sources.cuts import WHOLE, Cut, cuts_of
from rantau.stages.sources.defects import (
    constant_choices,
    refuse_constant_choices,
    refuse_mismatched_labels,
    refuse_template_defects,
)
from rantau.stages.sources.hub import read_hub
from rantau.stages.sources.places import find_place, is_hub
from rantau.stages.sources.readers import read_rows
from rantau.stages.sources.rows import BadRow, Row, Unusable, unusable
from rantau.stages.sources.shapes import missing, read_content, recognise
from rantau.stages.sources.split import group_of
from rantau.stages.sources.tagged_words import read_tagged_words
from rantau.stages.sources.topics import read_topics

EXCERPT_CHARS = 200
SUFFIX_SHAPES = {".yml": "chatterbot", ".yaml": "chatterbot", ".py": "topics"}
WHOLE_FILE = {
    "tagged_words": (read_tagged_words, "text"),
    "chatterbot": (read_chatterbot, "messages"),
    "topics": (read_topics, "text"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of records of one source.

    origin    source string of the recipe and file inside it
    path      the file; None = a data set of a hub
    one       the source has this file only
    constant  columns of answer choices that are the same in every row of the file
    """

    origin: str
    path: Path | None
    one: bool
    cut: Cut
    constant: tuple[str, ...]


def read_documents(source: Source, folder: Path) -> Iterator[Document | Dropped]:
    """Documents and dropped rows of one source.

    Raises   SourceError if the source cannot be read; DataError at a bad row if on_bad_row is error
    """
    for piece in pieces_of(source, folder):
        yield from read_piece(source, piece, folder)


def pieces_of(source: Source, folder: Path) -> Iterator[Piece]:
    """The source in order, found as it is asked for.

    Raises   SourceError or DataError if a file is missing or damaged
    """
    if is_hub(source.path):
        yield Piece(source.path, None, True, WHOLE, _constant(read_hub(source, folder)))
        return
    place = find_place(source.path, folder, shape=source.shape)
    for origin, path in place.files:
        one = len(place.files) == 1
        if _shape_of_file(source, path) in WHOLE_FILE:
            yield Piece(origin, path, one, WHOLE, ())
            continue
        if path.suffix.lower() in SUFFIX_SHAPES:
            raise SourceError(f"{origin}: shape {source.shape} cannot read {path.suffix} files.")
        constant = _constant(row for cut in cuts_of(path) for row in read_rows(origin, path, cut))
        yield from (Piece(origin, path, one, cut, constant) for cut in cuts_of(path))


def _constant(rows: Iterator[Row | Unusable]) -> tuple[str, ...]:
    return tuple(sorted(constant_choices(rows)))


def read_piece(source: Source, piece: Piece, folder: Path) -> Iterator[Document | Dropped]:
    """Documents and dropped rows of one piece. Raises what read_documents raises."""
    shape = _shape_of_file(source, piece.path)
    prefix = source.name if piece.one else f"{source.name}:{_inside(source, piece.origin)}"
    constant = frozenset(piece.constant)
    for row in _rows(source, shape, piece, folder):
        id_ = f"{prefix}:{row.number}"
        found = row if isinstance(row, Unusable) else _read(source, shape, row, constant, id_)
        if isinstance(found, Document):
            yield found
        elif found.detail is not None and source.on_bad_row == "error":
            raise found.error(source.name)
        else:
            excerpt = found.excerpt[:EXCERPT_CHARS]
            yield Dropped(id_, source.name, piece.origin, found.number, found.reason, excerpt)


def _shape_of_file(source: Source, path: Path | None) -> str:
    suffix = path.suffix.lower() if path else ""
    return SUFFIX_SHAPES.get(suffix, "auto") if source.shape == "auto" else source.shape


def _inside(source: Source, origin: str) -> str:
    return origin.removeprefix(source.path.rstrip("/") + "/")


def _rows(source: Source, shape: str, piece: Piece, folder: Path) -> Iterator[Row | Unusable]:
    if piece.path is None:
        return read_hub(source, folder)
    if shape in WHOLE_FILE:
        return WHOLE_FILE[shape][0](piece.origin, piece.path)
    return read_rows(piece.origin, piece.path, piece.cut)


def _read(source: Source, shape: str, row: Row, constant: frozenset[str], id_: str) -> Document | Unusable:
    try:
        return _document(source, shape, row, constant, id_)
    except BadRow as bad:
        excerpt = " | ".join(str(v) for v in row.values.values())
        by_design = bad.reason.startswith("where: ")
        return unusable(row, bad.reason, excerpt[:EXCERPT_CHARS], None if by_design else bad.detail)


def _document(source: Source, shape: str, row: Row, constant: frozenset[str], id_: str) -> Document:
    values = _renamed(source, row)
    _keep_where(source, values)
    refuse_constant_choices(values, constant)
    refuse_mismatched_labels(values)
    content = read_content(_shape(source, shape, row, values), values)
    if content.dialogue:
        refuse_template_defects(content.dialogue.messages)
    fields = {
        k: str(v) for k, v in values.items() if k not in content.read and isinstance(v, str | int | float | bool)
    }
    spoken = "\n".join(m.content for m in content.dialogue.messages) if content.dialogue else content.text
    group = group_of(replace(row, values=values), spoken, source.holdout)
    return Document(
        id_, source.name, row.origin, row.number, group, source.language, source.license, content.text,
        content.dialogue, fields, content.rejected,
    )  # fmt: skip


def _shape(source: Source, shape: str, row: Row, values: dict[str, object]) -> str:
    if shape in WHOLE_FILE:
        return WHOLE_FILE[shape][1]
    if shape != "auto":
        return shape
    found = recognise(frozenset(values))
    if found is None:
        near = missing("text", values) if len(values) == 1 else f"columns {', '.join(values) or 'none'}"
        raise SourceError(
            f"{row.where}: {near} form no known shape. Known: messages; conversations; instruction and output; "
            "input and output; prompt and completion or response; chosen and rejected; text. Name the columns: "
            f"columns: {{text: <your column>}} for the source {source.name}."
        )
    return found


def _renamed(source: Source, row: Row) -> dict[str, object]:
    values = dict(row.values)
    for expected, actual in source.columns.items():
        if actual not in values:
            raise BadRow(f"missing column {actual}", f"columns.{expected}: {missing(actual, values)}")
        values[expected] = row.values[actual]
    for actual in set(source.columns.values()) - set(source.columns):
        del values[actual]
    return values


def _keep_where(source: Source, values: dict[str, object]) -> None:
    for column, allowed in source.where.items():
        if column not in values:
            raise BadRow(f"missing column {column}", f"where: {missing(column, values)}")
        if str(values[column]) not in allowed:
            raise BadRow(f"where: {column}", "")
