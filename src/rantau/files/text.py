"""Texts of UTF-8 files, read and written whole."""

from __future__ import annotations

from pathlib import Path

from rantau.errors import DataError, SourceError
from rantau.files.disk import atomic


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
