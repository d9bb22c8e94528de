"""Sampled tokens for a batch in which every row keeps to its own draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which tokens may be drawn; in the order in which transformers applies them.

    temperature  scores are divided by it, > 0
    top_k        only the likeliest tokens, and what ties with the last of them; None = all
    top_p        of those the likeliest that hold this share of their probability, 0..1
    """

    temperature: float = 1.0
    top_k: int | None = 50
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature <= 0 or not 0 < self.top_p <= 1 or (self.top_k is not None and self.top_k < 1):
            raise ModelError(f"temperature and top_k must be above 0, top_p in 0..1, got {self}.")


class Draws:
    """Numbers in 0..1, one a token, for every row of a batch. A row's numbers follow from its seed alone."""

    def __init__(self, seeds: Iterable[int]) -> None:
        import numpy as np

        self._rows = [np.random.Generator(np.random.Philox(key=seed)) for seed in seeds]

    def next(self, rows: Sequence[int]) -> list[float]:
        """The next number of each of these rows; the others stay where they are."""
        return [float(self._rows[row].random()) for row in rows]


def choose(scores: torch.Tensor, how: Narrowing, numbers: Sequence[float]) -> torch.Tensor:
    """(rows,) int64: from scores (rows, vocab) float32 the token at which the cumulated probability passes the
    row's number.

    Tokens stand in the order of their ids, not of their scores: rounding, which follows the company of a row,
    moves a boundary by its own size, and two tokens of almost equal score do not change places.
    """
    import torch

    probabilities, ids = probabilities_of(scores, how)
    cumulated = probabilities.double().cumsum(-1)  # (rows, kept) float64
    marks = torch.tensor(numbers, dtype=torch.float64, device=scores.device)[:, None] * cumulated[:, -1:]
    places = torch.searchsorted(cumulated, marks, right=True).clamp(max=cumulated.shape[1] - 1)
    return places[:, 0] if ids is None else ids.gather(-1, places)[:, 0]


def probabilities_of(scores: torch.Tensor, how: Narrowing) -> tuple[torch.Tensor, torch.Tensor | None]:
    """(rows, kept) float32 probabilities, 0 where a token is left out, and the ids of the columns in rising
    order; None as ids = every token stands at its own place."""
    scaled = scores / how.temperature
    ids: Any = None
    if how.top_k is not None and how.top_k < scaled.shape[1]:
        scaled, ids = _likeliest(scaled, how.top_k)
    probabilities = scaled.softmax(-1)
    return (_nucleus(probabilities, how.top_p) if how.top_p < 1 else probabilities), ids


def _likeliest(scaled: torch.Tensor, top_k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and ids of the top_k likeliest tokens, and of all that tie with the last of them, by id."""
    import torch

    kept, ids = scaled.topk(top_k, dim=-1)
    limit = kept[:, -1:]
    with_ties = int((scaled >= limit).sum(-1).max())  # scores of bfloat16 models tie often
    if with_ties > top_k:
        kept, ids = scaled.topk(with_ties, dim=-1)
        kept = kept.masked_fill(kept < limit, -torch.inf)
    ids, order = ids.sort(dim=-1)
    return kept.gather(-1, order), ids


def _nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """Zero for the tail that holds at most 1 - top_p; the likeliest token always stays."""
    ranked, order = probabilities.sort(dim=-1, stable=True)  # rising
    outside = ranked.cumsum(-1) <= 1 - top_p
    outside[:, -1] = False
    return probabilities.masked_fill(outside.scatter(-1, order, outside), 0.0)
