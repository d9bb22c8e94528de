"""Rows of a phase that are never learnt, and what they cost the model: bits per byte of their learnt tokens."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rantau.errors import TrainingError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class HeldBack:
    """rows: numbers of the rows, rising; n_bytes: UTF-8 bytes of the text of all their learnt tokens."""

    rows: tuple[int, ...]
    n_bytes: int


def n_held_back(n_rows: int, *, share: float) -> int:
    """round(share * n_rows), at least one, and one is left to learn."""
    return min(max(1, round(share * n_rows)), n_rows - 1)


def draw_held_back(n_rows: int, *, share: float, seed: int, phase: str) -> tuple[int, ...]:
    """Numbers of the n_held_back rows that are held back, drawn by seed.

    Raises   TrainingError if no row would be left to learn
    """
    if n_rows < 2:
        raise TrainingError(
            f"Phase {phase}: early_stopping holds rows back, but there is only {n_rows} row. "
            f"Leave out phases.{phase}.early_stopping, or give the phase more rows."
        )
    n = n_held_back(n_rows, share=share)
    return tuple(sorted(random.Random(f"held back {seed} {phase}").sample(range(n_rows), n)))


def learnt_bytes(tokenizer: PreTrainedTokenizerFast, ids: Iterable[Any], learnt: Iterable[Any]) -> int:
    """UTF-8 bytes of the text of the learnt tokens; special tokens count 0.

    ids, learnt  token ids and whether each is learnt, of the same length
    Tokens side by side are decoded together, since a character may be spread over several of them.
    """
    runs = groupby(zip(ids, learnt, strict=True), key=lambda pair: bool(pair[1]))
    return sum(_n_bytes(tokenizer, [int(token) for token, _ in run]) for is_learnt, run in runs if is_learnt)


def _n_bytes(tokenizer: Any, ids: list[int]) -> int:
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return len(text.encode())
