"""Rows that learn, computed by themselves: PEFT's layer copies the whole matrix in every pass, and its gradient is
as large as the matrix again."""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.trainable_tokens.layer import TrainableTokensLayer
from peft.utils.other import TrainableTokensWrapper
from torch.nn import functional


class NewRows(TrainableTokensLayer):  # type: ignore[misc]  # peft is not typed for us
    """PEFT's trainable tokens where they are neighbours: the frozen rows and the learnt ones are two products, and
    only the second has a gradient. Names and files are PEFT's."""

    def forward_adapters(self, x: torch.Tensor, active_adapters: Any, *args: Any, **options: Any) -> torch.Tensor:
        first = self._first(active_adapters)
        if first is None:
            told: torch.Tensor = super().forward_adapters(x, active_adapters, *args, **options)
            return told
        rows = self.trainable_tokens_delta[active_adapters[0]].to(self.base_layer.weight.dtype)
        if isinstance(self.base_layer, torch.nn.Embedding):
            return _looked_up(self.base_layer(x), x, rows, first)
        bias = self.base_layer.bias
        own = functional.linear(x, rows, None if bias is None else bias[first : first + len(rows)])
        logits = self.base_layer(x)  # (..., vocabulary)
        return torch.cat([logits[..., :first], own, logits[..., first + len(rows) :]], dim=-1)

    def _first(self, active: Any) -> int | None:
        """The first learnt row; None where this layer must compute as PEFT does."""
        if self.disable_adapters or self.merged or len(active) != 1 or self._get_embed_scale() is not None:
            return None
        indices = self.token_indices[active[0]]
        return indices[0] if indices == list(range(indices[0], indices[0] + len(indices))) else None


def _looked_up(frozen: torch.Tensor, ids: torch.Tensor, rows: torch.Tensor, first: int) -> torch.Tensor:
    """frozen   (..., hidden): the frozen row of every id"""
    inside = (ids >= first) & (ids < first + len(rows))
    own = functional.embedding(torch.where(inside, ids - first, 0), rows)
    return torch.where(inside.unsqueeze(-1), own, frozen)


def quicken_rows(model: torch.nn.Module) -> None:
    """Has every layer of trained rows compute them by themselves; what it says stays the same."""
    for module in model.modules():
        if isinstance(module, TrainableTokensWrapper):
            module.token_adapter.__class__ = NewRows
