"""Parquet: rows streamed in groups, whole files or single groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rantau.errors import DataError, SourceError
from rantau.files.disk import atomic

ROWS_PER_GROUP = 4096


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


def write_table(path: Path, table: Any) -> None:
    """An Arrow table as parquet, atomically."""
    import pyarrow.parquet as pq

    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
