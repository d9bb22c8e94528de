"""One parquet file out of parts of others: joined, kept by a mask, or picked row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rantau.files import parquet
from rantau.files.disk import atomic


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
                    while waiting.num_rows >= parquet.ROWS_PER_GROUP:
                        writer.write_table(waiting.slice(0, parquet.ROWS_PER_GROUP).combine_chunks())
                        n, waiting = n + parquet.ROWS_PER_GROUP, waiting.slice(parquet.ROWS_PER_GROUP)
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
        for start in range(0, len(asked), parquet.ROWS_PER_GROUP):
            wanted = [place[at] for at in asked[start : start + parquet.ROWS_PER_GROUP]]
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
