"""Two models of one set of weights: what is done to one of them is not done to the other."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch

M = TypeVar("M", bound=torch.nn.Module)


def twin(model: M, *, own_rows: bool = False) -> M:
    """A model of its own modules whose tensors lie in the memory of `model`'s; an adapter on it is its alone.

    own_rows  its embedding and output head are copied: it will be given rows for new words
    Neither may be trained, moved or changed in place afterwards; what is tied stays tied.
    """
    apart = _rows(model) if own_rows else set()
    memo: dict[int, Any] = {
        id(tensor): _shared(tensor)
        for tensor in (*model.parameters(), *model.buffers())
        if id(tensor) not in apart
    }
    return copy.deepcopy(model, memo)


def _shared(tensor: torch.Tensor) -> torch.Tensor:
    """Another parameter on the same memory, since resizing gives a parameter other memory. A quantised one carries
    its scales along, and is never resized: it is itself."""
    if type(tensor) is torch.nn.Parameter:
        return torch.nn.Parameter(tensor.data, requires_grad=False)
    return tensor


def _rows(model: Any) -> set[int]:
    parts = (model.get_input_embeddings(), model.get_output_embeddings())
    return {id(parameter) for part in parts if part is not None for parameter in part.parameters()}
