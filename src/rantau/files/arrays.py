"""numpy arrays as .npy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rantau.files.disk import atomic


def write_array(path: Path, array: Any) -> None:
    """A numpy array as .npy, atomically."""
    import numpy as np

    with atomic(path) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def read_array(path: Path, *, mapped: bool = False) -> Any:
    """The array of a .npy file; mapped = read from the disk as it is used."""
    import numpy as np

    return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
