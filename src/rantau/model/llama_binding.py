"""llama.cpp by a Python binding, imported when it is asked for. It answers by itself in GGUF's terms."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rantau.errors import MachineError

INSTALL = "pip install 'rantau[gguf]'"


def binding() -> Any:
    """Raises   MachineError if it is not installed, or cannot be loaded here"""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        from cyllama.llama import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise MachineError(f"llama.cpp cannot be loaded ({error}). Run: {INSTALL}") from error
    finally:  # the package sets up logging for everybody
        root.setLevel(level)
        root.handlers[:] = handlers
    return llama_cpp


@contextmanager
def heard(llama_cpp: Any) -> Iterator[list[str]]:
    """llama.cpp writes a line for each tensor; here only its last lines are kept, for an error."""
    lines: list[str] = []

    def hear(level: int, text: Any) -> None:
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        lines.append(said.strip())
        del lines[:-3]

    llama_cpp.set_log_callback(hear)
    try:
        yield lines
    finally:
        llama_cpp.disable_logging()
