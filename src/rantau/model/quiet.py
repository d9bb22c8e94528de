"""What is printed while models load: a line of ours, and nothing of transformers'."""

from __future__ import annotations

from typing import Protocol


class Says(Protocol):
    """The part of run.progress.Progress that this room needs; the two floors do not import one another."""

    def say(self, text: str) -> None: ...


def quiet_transformers() -> None:
    """Turns off transformers' bars and warnings, which would print between our own."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
