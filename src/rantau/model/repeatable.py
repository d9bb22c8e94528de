"""The same numbers again: a fixed number of threads and deterministic kernels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from rantau.machine import Machine


@contextmanager
def repeatable(machine: Machine) -> Iterator[None]:
    """Fixed threads and deterministic kernels inside the block; everything is put back afterwards."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filling = cast(Any, torch.utils.deterministic)
    filled = filling.fill_uninitialized_memory
    torch.set_num_threads(machine.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    filling.fill_uninitialized_memory = False  # costs time and changes nothing: no kernel here reads it
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(before, warn_only=warned)
        filling.fill_uninitialized_memory = filled
