"""runs/<name>/now.json: which stage of a run is being built at this moment, for those who look on."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rantau import files
from rantau.errors import RantauError

FILE_NAME = "now.json"


@dataclass(frozen=True, slots=True)
class Now:
    """part: folder of the unfinished artefact, seen from runs/<name>; number of all `of` stages, from 1;
    process on host: who builds it; started: UTC."""

    stage: str
    part: str
    number: int
    of: int
    process: int
    host: str
    started: str

    @property
    def gone(self) -> bool:
        """Whether the process that wrote this has ended without a word; of another host nobody knows."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class Announcer:
    """Says which stage is being built; with no folder it says nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def building(self, stage: str, part: Path, *, number: int, of: int) -> None:
        if self._folder is None:
            return
        at = os.path.relpath(part.resolve(), self._folder.resolve())
        started = datetime.now(UTC).isoformat(timespec="seconds")
        found = Now(stage, at, number, of, os.getpid(), socket.gethostname(), started)
        files.write_json(self._folder / FILE_NAME, asdict(found))


@contextmanager
def announced(folder: Path | None) -> Iterator[Announcer]:
    """Inside the block stages are announced in runs/<name>, and afterwards none is; a kill leaves the last one."""
    try:
        yield Announcer(folder)
    finally:
        if folder is not None:
            (folder / FILE_NAME).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()  # the run came to nothing, and there is nothing else to read


def read_now(folder: Path) -> Now | None:
    """The stage that is being built, None if there is none or the file is being written."""
    try:
        return Now(**files.read_json(folder / FILE_NAME))
    except (RantauError, TypeError):
        return None
