"""Rows of a file, one after another: parquet, JSON lines, JSON, CSV, plain text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from rantau import files
from rantau.errors import DataError, SourceError
from rantau.stages.sources.cuts import Cut
from rantau.stages.sources.rows import Row, Unusable

LONE_SURROGATE = "half a character: a surrogate without its other half"


def read_rows(origin: str, path: Path, cut: Cut) -> Iterator[Row | Unusable]:
    """Records of `path` by its kind, those of one cut.

    Raises   DataError if the file as a whole is damaged; SourceError if it holds nothing
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        return _parquet(origin, path, cut)
    if kind in (".jsonl", ".ndjson"):
        return _json_lines(origin, path, cut)
    whole = {".json": _json, ".csv": _csv, ".txt": _paragraphs}
    return whole[kind](origin, path)


def _parquet(origin: str, path: Path, cut: Cut) -> Iterator[Row]:
    if cut.stop is None:
        raise SourceError(f"{origin}: the file has columns but no row.")
    rows = files.read_group_rows(path, cut.group, cut.start, cut.stop)
    for number, values in enumerate(rows, start=cut.number + 1):
        yield Row(origin, path.name, number, number, values)


def _json_lines(origin: str, path: Path, cut: Cut) -> Iterator[Row | Unusable]:
    """Lines are decoded one by one, so that one broken line names itself."""
    if cut.stop is None:
        raise SourceError(f"{origin}: the file is empty.")
    ordinal, at = cut.ordinal, cut.start
    with path.open("rb") as handle:
        handle.seek(at)
        for number, line in enumerate(handle, start=cut.number + 1):
            if line.strip():
                ordinal += 1
                yield _json_line(origin, path.name, number, ordinal, line)
            at += len(line)
            if at >= cut.stop:
                break


def _json_line(origin: str, file: str, number: int, ordinal: int, line: bytes) -> Row | Unusable:
    def bad(reason: str, detail: str) -> Unusable:
        excerpt = line.decode("utf-8", "replace").strip()[:200]
        return Unusable(origin, file, number, ordinal, reason, excerpt, detail, "line")

    try:
        values = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return bad("not UTF-8", f"byte {error.start} is not UTF-8; iconv -f LATIN1 -t UTF-8 {file} converts it")
    except json.JSONDecodeError as error:
        return bad("broken JSON", f"not JSON ({error.msg}, column {error.colno})")
    except RecursionError:
        return bad("broken JSON", "not JSON (nested too deep)")
    if not isinstance(values, dict):
        return bad("not an object", f"a row is an object with columns, got {type(values).__name__}")
    if b"\\u" in line and _has_lone_surrogate(values):
        return bad("not UTF-8", LONE_SURROGATE)
    return Row(origin, file, number, ordinal, values, "line")


def _has_lone_surrogate(values: object) -> bool:
    """JSON may spell half a character (\\ud83d), which no file can hold."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _json(origin: str, path: Path) -> Iterator[Row | Unusable]:
    data = files.read_json(path)
    if isinstance(data, dict):
        lists = [key for key in ("rows", "data") if isinstance(data.get(key), list)]
        if not lists:
            raise DataError(f"{origin}: needs a list of rows, or an object with rows: [...] or data: [...].")
        data = data[lists[0]]
    if not isinstance(data, list):
        raise DataError(f"{origin}: needs a list of rows, got {type(data).__name__}.")
    if not data:
        raise SourceError(f"{origin}: the list of rows is empty.")
    for number, values in enumerate(data, start=1):
        if not isinstance(values, dict):
            detail = f"a row is an object with columns, got {type(values).__name__}"
            yield Unusable(origin, path.name, number, number, "not an object", str(values)[:200], detail)
        elif _has_lone_surrogate(values):
            excerpt = json.dumps(values)[:200]
            yield Unusable(origin, path.name, number, number, "not UTF-8", excerpt, LONE_SURROGATE)
        else:
            yield Row(origin, path.name, number, number, values)


def _csv(origin: str, path: Path) -> Iterator[Row | Unusable]:
    reader = csv.reader(StringIO(files.read_text(path), newline=""), strict=True)
    header = next(reader)
    if len(set(header)) != len(header):
        raise DataError(f"{origin} line 1: two columns have the same name ({', '.join(header)}).")
    ordinal, line = 0, reader.line_num + 1
    try:
        for cells in reader:
            if cells:
                ordinal += 1
                yield _csv_row(origin, path.name, line, ordinal, header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{origin} line {line}: not CSV ({error}). Check the quotes around this row.") from error
    if ordinal == 0:
        raise SourceError(f"{origin}: the file has a header but no row.")


def _csv_row(
    origin: str, file: str, line: int, ordinal: int, header: list[str], cells: list[str]
) -> Row | Unusable:
    if len(cells) != len(header):
        detail = f"{len(cells)} cells under {len(header)} columns; text with a comma needs quotes"
        return Unusable(
            origin, file, line, ordinal, "wrong number of cells", ",".join(cells)[:200], detail, "line"
        )
    return Row(origin, file, line, ordinal, dict(zip(header, cells, strict=True)), "line")


def _paragraphs(origin: str, path: Path) -> Iterator[Row]:
    """Documents are separated by blank lines; a document keeps its line breaks."""
    ordinal, start, lines = 0, 0, list[str]()
    for number, line in enumerate([*files.read_text(path).split("\n"), ""], start=1):
        if line.strip():
            start = start if lines else number
            lines.append(line.rstrip())
        elif lines:
            ordinal += 1
            yield Row(origin, path.name, start, ordinal, {"text": "\n".join(lines)}, "line")
            lines = []
