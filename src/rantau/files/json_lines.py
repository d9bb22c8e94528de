"""Files of one JSON object a line, whole or growing line by line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rantau.errors import DataError
from rantau.files.disk import atomic, disk_errors
from rantau.files.json_text import canonical_json
from rantau.files.text import read_text


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
