"""Writing that ends with a whole file or with none, and what a full disk says."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rantau.errors import MachineError


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns "no space left" into a message that names the file and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError(
                f"{path}: the disk is full. Free some space, or set --store to a larger disk, and run again: "
                "finished stages are kept."
            ) from error
        raise


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; it takes the name only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with disk_errors(path):
            yield temporary
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
