"""A batch as tensors, laid out for a forward pass, and its loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, TypedDict, cast

from rantau.stages.training.layout import Pass
from rantau.stages.training.rows import Rows

if TYPE_CHECKING:
    import torch

NOT_LEARNT = -100


class Batch(TypedDict):
    """Rows of one optimiser step without padding, their tokens one after the other.

    input_ids  (tokens,) int64
    labels     (tokens,) int64, -100 = not learnt; so is the first token of every document
    parts      tokens of each document of each row
    """

    input_ids: torch.Tensor
    labels: torch.Tensor
    parts: list[list[int]]


def batch_of(numbers: Sequence[int], *, rows: Rows) -> Batch:
    """The rows with these numbers."""
    import numpy as np
    import torch

    found = [rows[n] for n in numbers]
    ids = torch.from_numpy(np.concatenate([ids for ids, _ in found]).astype(np.int64))
    learnt = torch.from_numpy(np.concatenate([flags for _, flags in found]))
    labels = ids.masked_fill(~learnt, NOT_LEARNT)
    return {"input_ids": ids, "labels": labels, "parts": [rows.parts_of(n) for n in numbers]}


def laid_out(batch: Batch, sequences: Pass, *, pad_id: int) -> dict[str, torch.Tensor]:
    """What the model is given in one pass: sequences of documents, padded on the right to the longest.

    No attention mask goes with them. Attention looks back only and padding stands at the end, so no token sees
    it, and nothing is learnt there. Documents in one sequence are told apart by position_ids, which start at 0
    again in each of them and in the padding: given no mask, transformers builds its attention from that.
    Whether a model really does is measured (see isolation.py).
    """
    import torch

    sizes = [n for row in batch["parts"] for n in row]
    starts = [0, *accumulate(sizes)]
    width = max(sum(sizes[n] for n in sequence) for sequence in sequences)
    input_ids = batch["input_ids"].new_full((len(sequences), width), pad_id)  # (sequences, width) int64
    labels = torch.full_like(input_ids, NOT_LEARNT)  # (sequences, width) int64
    for row, sequence in enumerate(sequences):
        end = 0
        for n in sequence:
            place, taken = slice(end, end + sizes[n]), slice(starts[n], starts[n + 1])
            input_ids[row, place] = batch["input_ids"][taken]
            labels[row, place] = batch["labels"][taken]
            end = place.stop
    if max(map(len, sequences)) == 1:
        return {"input_ids": input_ids, "labels": labels}
    positions = [_positions([sizes[n] for n in sequence], width) for sequence in sequences]
    return {
        "input_ids": input_ids,
        "labels": labels,
        "position_ids": torch.tensor(positions, device=input_ids.device),
    }


def _positions(sizes: Sequence[int], width: int) -> list[int]:
    return [place for n in (*sizes, width - sum(sizes)) for place in range(n)]


def summed_nats(model: torch.nn.Module, batch: dict[str, torch.Tensor], head: torch.nn.Module) -> torch.Tensor:
    """Negative log-likelihood summed over the learnt tokens, natural log, float32 scalar.

    batch  input_ids and labels of a pass, position_ids where a sequence holds several documents
    head   the model's output layer. It sees only the positions that predict a learnt token, and where it is frozen
           only some at a time: the logits of all would be the largest tensor of the step by far.
    """
    import torch

    from rantau.stages.training.head_loss import can_fuse, head_inputs, nats_at_head

    if can_fuse(head):
        following = batch["labels"][:, 1:]
        learnt = following != NOT_LEARNT
        hidden = head_inputs(model, _given(batch), head, learnt)
        return nats_at_head(hidden, cast("torch.Tensor", head.weight), following[learnt])
    logits, targets, _ = _predicted(model, batch, head)
    return torch.nn.functional.cross_entropy(logits, targets, reduction="sum")


def nats_of_sequences(
    model: torch.nn.Module, batch: dict[str, torch.Tensor], head: torch.nn.Module
) -> torch.Tensor:
    """Like summed_nats, but (sequences,): summed over the learnt tokens of each sequence."""
    import torch

    logits, targets, learnt = _predicted(model, batch, head)
    nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    return nats.new_zeros(len(learnt)).index_add(0, learnt.nonzero()[:, 0], nats)


def _predicted(
    model: torch.nn.Module, batch: dict[str, torch.Tensor], head: torch.nn.Module
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (learnt tokens, vocabulary), targets (learnt tokens,), and where those are (sequences, width - 1)."""
    following = batch["labels"][:, 1:]
    learnt = following != NOT_LEARNT
    with _only_positions(head, learnt):
        logits = model(**_given(batch), use_cache=False).logits
    return _precise(logits), following[learnt], learnt


def _given(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: batch[name] for name in ("input_ids", "position_ids") if name in batch}


@contextmanager
def _only_positions(head: torch.nn.Module, learnt: torch.Tensor) -> Iterator[None]:
    hook = head.register_forward_pre_hook(lambda _, inputs: (inputs[0][:, :-1][learnt], *inputs[1:]))
    try:
        yield
    finally:
        hook.remove()


def _precise(logits: torch.Tensor) -> torch.Tensor:
    """Half precision is lifted to float32 before the logarithm; float64 stays."""
    import torch

    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
