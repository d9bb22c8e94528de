"""The held-out documents that the gather stage put aside."""

from __future__ import annotations

from pathlib import Path

from rantau import files
from rantau.errors import MeasureError
from rantau.records import Document


def read_held_out(gathered: Path, source: str) -> list[Document]:
    """Held-out documents of one source.

    gathered  folder of the finished gather stage
    Raises    MeasureError if the source has no held-out documents
    """
    path = gathered / "heldout" / f"{source}.parquet"
    documents = [Document.from_row(row) for row in files.read_parquet(path)] if path.is_file() else []
    if not documents:
        raise MeasureError(
            f"sources.{source}: nothing is held out, so nothing can be measured on it. "
            f"Raise the holdout share of {source}, or measure another source."
        )
    return documents
