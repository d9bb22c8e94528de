"""sha256 of texts, files and folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rantau.files.json_text import canonical_json


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
