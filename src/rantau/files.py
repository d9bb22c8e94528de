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


def document_schema() -> Any:
    """Arrow schema of `records.Document.to_row`."""
    import pyarrow as pa

    text = pa.string()
    plain = [(name, text) for name in ("id", "source", "origin", "group", "language", "license", "text")]
    messages = pa.list_(pa.struct([("role", text), ("content", text)]))
    fields = pa.list_(pa.struct([("name", text), ("value", text)]))
    return pa.schema([*plain, ("row", pa.int64()), ("messages", messages), ("fields", fields)])
