"""Columns of the parquet files that hold documents."""

from __future__ import annotations

from typing import Any


def document_schema() -> Any:
    """Arrow schema of `records.Document.to_row`."""
    import pyarrow as pa

    text = pa.string()
    names = ("id", "source", "origin", "group", "language", "license", "text", "rejected")
    plain = [(name, text) for name in names]
    messages = pa.list_(pa.struct([("role", text), ("content", text)]))
    fields = pa.list_(pa.struct([("name", text), ("value", text)]))
    return pa.schema([*plain, ("row", pa.int64()), ("messages", messages), ("fields", fields)])
