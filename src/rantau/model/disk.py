"""A full disk, in our words: torch and safetensors each hide it behind an error of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rantau import files
from rantau.errors import MachineError

# as seen on a full tmpfs with torch 2.13 and safetensors 0.8; "unexpected pos" is torch.save's closing of a zip
SIGNS = (
    "no space left",
    "storagefull",
    "quota exceeded",
    "pytorchstreamwriter failed writing",
    "file write failed",
    "unexpected pos",
    "iostream error",
)


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Raises   MachineError if the block failed because the disk of `path` is full"""
    try:
        with files.disk_errors(path):
            yield
    except Exception as error:
        if not any(sign in str(error).lower() for sign in SIGNS) or isinstance(error, MachineError):
            raise
        raise MachineError(
            f"{path}: the disk is full. Free some space, or set --store to a larger disk, and run again: "
            "finished stages are kept."
        ) from error
