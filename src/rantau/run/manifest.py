"""The manifest of an artefact: what was asked for, what came out, where and when."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import DataError, StoreError

FILE_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """key      sha256 of what was asked for
    digest   sha256 over the names and hashes of all files but the volatile ones
    files    relative path -> {bytes, sha256, volatile}
    summary  the numbers that the stage returned
    """

    stage: str
    version: int
    key: str
    asked_for: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]]
    digest: str
    summary: Mapping[str, Any]
    provenance: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        files.write_json(folder / FILE_NAME, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises StoreError if the folder is no finished artefact."""
        path = folder / FILE_NAME
        if not path.is_file():
            raise StoreError(f"{folder}: no {FILE_NAME}, so it is not a finished artefact.")
        try:
            return cls(**files.read_json(path))
        except (TypeError, DataError) as error:
            raise StoreError(
                f"{path}: damaged ({error}). Delete the folder {folder.name} and run again."
            ) from error


def list_files(folder: Path, volatile: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Relative path -> bytes, sha256 and whether it is volatile; the manifest itself is left out."""
    listing = {}
    for path in files.files_below(folder):
        name = path.relative_to(folder).as_posix()
        if name != FILE_NAME:
            listing[name] = {
                "bytes": path.stat().st_size,
                "sha256": files.sha256_file(path),
                "volatile": any(fnmatch.fnmatch(name, pattern) for pattern in volatile),
            }
    return listing


def digest_of(listing: Mapping[str, Mapping[str, Any]]) -> str:
    return files.sha256_text(
        files.canonical_json({n: f["sha256"] for n, f in listing.items() if not f["volatile"]})
    )


def damage(folder: Path) -> list[str]:
    """What differs between a finished artefact and its manifest, one line each; empty when it is whole."""
    manifest = Manifest.read(folder)
    volatile = [name for name, entry in manifest.files.items() if entry["volatile"]]
    now = list_files(folder, volatile)
    lines = [f"{name}: missing" for name in sorted(set(manifest.files) - set(now))]
    lines += [f"{name}: not in the manifest" for name in sorted(set(now) - set(manifest.files))]
    both = sorted(set(now) & set(manifest.files))
    lines += [f"{name}: changed" for name in both if now[name]["sha256"] != manifest.files[name]["sha256"]]
    return lines
