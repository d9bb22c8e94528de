"""A full disk says so, whoever notices it."""

import errno
from pathlib import Path

import pytest

from rantau.errors import MachineError
from rantau.model.disk import full_disk_named


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file data/3"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 14528 vs 13908"),
        RuntimeError("basic_ios::clear: iostream error"),
        ValueError('Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "..." })'),
    ],
)
def test_a_full_disk_is_named(error: Exception) -> None:
    with (
        pytest.raises(MachineError, match=r"store/model: the disk is full\. Free some space"),
        full_disk_named(Path("store/model")),
    ):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), full_disk_named(Path("store/model")):
        raise RuntimeError("shapes differ")
