"""Checkpoints that are whole or do not count: each is sealed with the hashes of its files."""

from __future__ import annotations

import shutil
from pathlib import Path

from rantau import files
from rantau.errors import RantauError

PREFIX = "checkpoint-"
SEAL = "whole.json"


def seal(folder: Path) -> None:
    """Marks a checkpoint as whole: written last, so a killed run leaves none without it."""
    files.write_json(folder / SEAL, _hashes(folder))


def is_whole(folder: Path) -> bool:
    """True if the seal is there and every file is as it was sealed."""
    try:
        sealed = files.read_json(folder / SEAL)
    except RantauError:
        return False
    return bool(sealed) and sealed == _hashes(folder)


def _hashes(folder: Path) -> dict[str, str]:
    found = ((p.relative_to(folder).as_posix(), p) for p in files.files_below(folder))
    return {name: files.sha256_file(p) for name, p in found if name != SEAL}


def last_whole(checkpoints: Path) -> Path | None:
    """The newest whole checkpoint; half-written ones are removed."""
    for folder in reversed(_all(checkpoints)):
        if is_whole(folder):
            return folder
        shutil.rmtree(folder)
    return None


def keep_only(checkpoint: Path) -> None:
    """Removes the older neighbours of a checkpoint that is whole."""
    for folder in _all(checkpoint.parent):
        if folder != checkpoint:
            shutil.rmtree(folder)


def step_of(checkpoint: Path | None) -> int:
    return int(checkpoint.name.removeprefix(PREFIX)) if checkpoint else 0


def _all(checkpoints: Path) -> list[Path]:
    found = [p for p in checkpoints.glob(f"{PREFIX}*") if p.name.removeprefix(PREFIX).isdigit()]
    return sorted(found, key=step_of)
