"""Rows as tensors, and the loss of a batch in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NOT_LEARNT = -100


def collate(rows: Sequence[tuple[Any, Any]], *, pad_id: int) -> dict[str, torch.Tensor]:
    """Rows padded on the right to the longest of them.

    Padding is known by its position, never by its id: a model may pad with its end token, and that is learnt.
    """
    import torch

    width = max(len(ids) for ids, _ in rows)
    input_ids = torch.full((len(rows), width), pad_id, dtype=torch.long)  # (batch, seq) int64
    labels = torch.full_like(input_ids, NOT_LEARNT)  # (batch, seq) int64, -100 = not learnt
    attention = torch.zeros_like(input_ids)  # (batch, seq) int64, 0 = padding
    for n, (ids, learnt) in enumerate(rows):
        tokens = torch.from_numpy(ids.astype("int64"))
        input_ids[n, : len(ids)] = tokens
        attention[n, : len(ids)] = 1
        labels[n, : len(ids)] = tokens.masked_fill(~torch.from_numpy(learnt.copy()), NOT_LEARNT)
    labels[:, 0] = NOT_LEARNT
    return {"input_ids": input_ids, "attention_mask": attention, "labels": labels}


def parts(batch: dict[str, torch.Tensor], rows: int) -> Iterator[dict[str, torch.Tensor]]:
    """The batch, `rows` rows at a time, each part cut to its own longest row."""
    for start in range(0, len(batch["input_ids"]), rows):
        part = {name: tensor[start : start + rows] for name, tensor in batch.items()}
        width = int(part["attention_mask"].sum(dim=1).max())
        yield {name: tensor[:, :width] for name, tensor in part.items()}


def summed_nats(model: torch.nn.Module, batch: dict[str, torch.Tensor], head: torch.nn.Module) -> torch.Tensor:
    """Negative log-likelihood summed over the learnt tokens, natural log, float32 scalar.

    head  the model's output layer. It sees only the positions that predict a learnt token: the logits of all
          positions would be the largest tensor of the step by far (vocabulary times tokens).
    """
    import torch

    following = batch["labels"][:, 1:]
    learnt = following != NOT_LEARNT  # (batch, seq - 1) bool
    with _only_positions(head, learnt):
        logits = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        ).logits  # (learnt tokens, vocabulary)
    return torch.nn.functional.cross_entropy(_precise(logits), following[learnt], reduction="sum")


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
