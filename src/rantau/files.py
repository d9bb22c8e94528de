"""All file IO: JSON, JSON lines, parquet, atomic writing, sha256."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rantau.errors import DataError, MachineError, SourceError

ROWS_PER_GROUP = 4096


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text, NaN is refused."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_folder(folder: Path) -> str:
    """One hash over relative names and contents of all files below, in name order."""
    listing = {p.relative_to(folder).as_posix(): sha256_file(p) for p in files_below(folder)}
    return sha256_text(canonical_json(listing))


def files_below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns "no space left" into a message that names the file and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError(
                f"{path}: the disk is full. Free some space, or set --store to a larger disk, and run again: "
                "finished stages are kept."
            ) from error
        raise


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; it takes the name only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with disk_errors(path):
            yield temporary
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: Path) -> str:
    """Text of a UTF-8 file.

    Raises   SourceError if it is missing, a folder or empty; DataError if it is not UTF-8
    """
    if not path.exists():
        raise SourceError(f"{path}: no such file. Check the path; relative paths start at the recipe's folder.")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder, but a file is needed. Name one file inside it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8. Convert it: iconv -f LATIN1 -t UTF-8 {path.name}"
        ) from error
    if not text.strip():
        raise SourceError(f"{path}: the file is empty.")
    return text


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} line {error.lineno}: not JSON ({error.msg}).") from error


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes one JSON object a line, atomically. Returns the number of rows."""
    n = 0
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for row in rows:
            handle.write(canonical_json(row) + "\n")
            n += 1
    return n


def append_jsonl(path: Path, row: Mapping[str, Any]) -> None:
    """Adds one line and flushes it to disk, so that a killed run keeps it."""
    with disk_errors(path), path.open("a", encoding="utf-8") as handle:
        handle.write(canonical_json(row) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    rows = []
    for n, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise DataError(f"{path} line {n}: not JSON ({error.msg}).") from error
    return rows


def read_appended_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a file that `append_jsonl` wrote; a last line cut by a kill is removed from the file."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        with atomic(path) as temporary:
            temporary.write_bytes(whole)
    return [json.loads(line) for line in whole.decode().split("\n") if line]


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], schema: Any) -> int:
    """Streams rows to a parquet file, atomically; the bytes depend on rows and schema only."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = 0
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        group: list[Mapping[str, Any]] = []
        for row in rows:
            group.append(row)
            n += 1
            if len(group) == ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return n


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a parquet file, one group in memory at a time.

    Raises   SourceError if it is missing; DataError if it is damaged
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise SourceError(f"{path}: no such file." if not path.exists() else f"{path}: is a folder, not a file.")
    try:
        with pq.ParquetFile(path) as handle:
            for batch in handle.iter_batches(batch_size=ROWS_PER_GROUP):
                yield from batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a whole parquet file ({error}). Copy or download it again.") from error


def group_sizes(path: Path) -> list[int]:
    """Rows of each row group of a parquet file.

    Raises   DataError if it is damaged
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a whole parquet file ({error}). Copy or download it again.") from error
    return [found.row_group(i).num_rows for i in range(found.num_row_groups)]


def read_group(path: Path, group: int) -> list[dict[str, Any]]:
    """Rows of one row group of a parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as handle:
        rows: list[dict[str, Any]] = handle.read_row_group(group).to_pylist()
    return rows


def read_group_rows(path: Path, group: int, start: int, stop: int) -> Iterator[dict[str, Any]]:
    """Rows start..stop - 1 of one row group, ROWS_PER_GROUP in memory at a time.

    Raises   DataError if the file is damaged
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    at = 0
    try:
        with pq.ParquetFile(path) as handle:
            for batch in handle.iter_batches(batch_size=ROWS_PER_GROUP, row_groups=[group]):
                if at >= stop:
                    return
                first, last = max(start - at, 0), min(stop - at, batch.num_rows)
                at += batch.num_rows
                if first < last:
                    yield from batch.slice(first, last - first).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a whole parquet file ({error}). Copy or download it again.") from error


def join_parquet(path: Path, parts: Iterable[Path], schema: Any) -> int:
    """One parquet file, atomically, of several; returns rows. The bytes are those of write_parquet."""
    return write_kept(path, ((part, None) for part in parts), schema)


def write_kept(path: Path, parts: Iterable[tuple[Path, Any]], schema: Any) -> int:
    """One parquet file, atomically, of the rows that are kept of several; columns stay as they are.

    parts    file and a boolean array over its rows, True = keep; None = all
    Returns  rows written; the bytes do not depend on how rows are spread over the parts
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, waiting = 0, schema.empty_table()
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for part, kept in parts:
            start = 0
            with pq.ParquetFile(part) as handle:
                for group in range(handle.num_row_groups):
                    table = handle.read_row_group(group)
                    mask = None if kept is None else pa.array(kept[start : start + table.num_rows])
                    start += table.num_rows
                    waiting = pa.concat_tables([waiting, table if mask is None else table.filter(mask)])
                    while waiting.num_rows >= ROWS_PER_GROUP:
                        writer.write_table(waiting.slice(0, ROWS_PER_GROUP).combine_chunks())
                        n, waiting = n + ROWS_PER_GROUP, waiting.slice(ROWS_PER_GROUP)
        if waiting.num_rows:
            writer.write_table(waiting.combine_chunks())
            n += waiting.num_rows
    return n


def write_picked(path: Path, sources: Mapping[str, Path], order: Iterable[tuple[str, int]], schema: Any) -> int:
    """One parquet file, atomically, of single rows of several files, in the order given.

    sources  name -> parquet file
    order    name and row, counted from 0
    Returns  rows written
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    asked = list(order)
    names = sorted({name for name, _ in asked})
    rows = {name: sorted({row for at, row in asked if at == name}) for name in names}
    starts = dict(zip(names, np.cumsum([0, *(len(rows[n]) for n in names)]), strict=False))
    place = {(n, row): int(starts[n]) + i for n in names for i, row in enumerate(rows[n])}
    picked = pa.concat_tables([schema.empty_table(), *(_rows_of(sources[n], rows[n]) for n in names)])
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for start in range(0, len(asked), ROWS_PER_GROUP):
            wanted = [place[at] for at in asked[start : start + ROWS_PER_GROUP]]
            writer.write_table(picked.take(pa.array(wanted)).combine_chunks())
    return len(asked)


def _rows_of(path: Path, rows: list[int]) -> Any:
    """A table of some rows of a parquet file, read group by group; rows rise."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted, start, parts = np.array(rows), 0, []
    with pq.ParquetFile(path) as handle:
        for group in range(handle.num_row_groups):
            n = handle.metadata.row_group(group).num_rows
            inside = wanted[(wanted >= start) & (wanted < start + n)] - start
            start += n
            if len(inside):
                parts.append(handle.read_row_group(group).take(pa.array(inside)))
    return pa.concat_tables(parts)


def write_table(path: Path, table: Any) -> None:
    """An Arrow table as parquet, atomically."""
    import pyarrow.parquet as pq

    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_array(path: Path, array: Any) -> None:
    """A numpy array as .npy, atomically."""
    import numpy as np

    with atomic(path) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def read_array(path: Path, *, mapped: bool = False) -> Any:
    """The array of a .npy file; mapped = read from the disk as it is used."""
    import numpy as np

    return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)


def document_schema() -> Any:
    """Arrow schema of `records.Document.to_row`."""
    import pyarrow as pa

    text = pa.string()
    names = ("id", "source", "origin", "group", "language", "license", "text", "rejected")
    plain = [(name, text) for name in names]
    messages = pa.list_(pa.struct([("role", text), ("content", text)]))
    fields = pa.list_(pa.struct([("name", text), ("value", text)]))
    return pa.schema([*plain, ("row", pa.int64()), ("messages", messages), ("fields", fields)])
