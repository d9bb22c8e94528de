"""Model folders that are made once and kept in a cache: whole or not there, and checked before they are used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import MachineError, RantauError
from rantau.model.disk import full_disk_named

MARKER = "rantau.json"


def cache_root() -> Path:
    """$RANTAU_CACHE, else $XDG_CACHE_HOME/rantau, else ~/.cache/rantau."""
    if chosen := os.environ.get("RANTAU_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rantau"


def cached_folder(sha256: str) -> Path:
    """Where the model of that hash lies, or will."""
    return cache_root() / "models" / sha256


def finished(sha256: str, layout: int) -> Path | None:
    """The finished folder, or None if it is missing or any file differs from its record.

    layout  number of the form in which the maker writes; a folder in another form is not finished
    """
    folder = cached_folder(sha256)
    try:
        marker = files.read_json(folder / MARKER)
        intact = all(_unchanged(folder / name, fact) for name, fact in marker["files"].items())
        return folder if intact and marker["layout"] == layout else None
    except (RantauError, OSError, KeyError, TypeError, AttributeError):  # no record, or not one of ours
        return None


def make_once(sha256: str, layout: int, source: str, make: Callable[[Path], None]) -> Path:
    """The finished folder; `make` fills an empty one if it is not there yet.

    source   what the record says that it was made of
    Raises   MachineError if the cache cannot be written
    """
    if (found := finished(sha256, layout)) is not None:
        return found
    folder = cached_folder(sha256)
    with _writable(folder), _alone(folder.with_name(f".{sha256}.lock")):
        if finished(sha256, layout) is None:
            _make(folder, layout, source, make)
    return folder


def _make(folder: Path, layout: int, source: str, make: Callable[[Path], None]) -> None:
    """Beside the final place, renamed last: a folder of that name is whole, or damaged later."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a killed maker: we hold the lock
    temporary.mkdir()
    try:
        make(temporary)
        facts = {p.name: _fact(p) for p in files.files_below(temporary)}
        files.write_json(temporary / MARKER, {"layout": layout, "source": source, "files": facts})
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unchanged(path: Path, fact: Mapping[str, Any]) -> bool:
    """Size and time as recorded; a file with another time is hashed."""
    stat = path.stat()
    if stat.st_size != fact["bytes"]:
        return False
    return bool(stat.st_mtime_ns == fact["mtime_ns"] or files.sha256_file(path) == fact["sha256"])


def _fact(path: Path) -> dict[str, int | str]:
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": files.sha256_file(path)}


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Names the cache, and how to move it, when its disk is full or not ours to write."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with full_disk_named(folder):
            yield
    except (OSError, MachineError) as error:
        why = f"cannot be written ({error.strerror})" if isinstance(error, OSError) else "the disk is full"
        raise MachineError(f"{folder.parent}: {why}. Set RANTAU_CACHE to a folder with room.") from error


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One maker at a time; the system lets go of the lock when its holder is killed."""
    import fcntl

    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
