"""The loss at a frozen output layer, without the logits of more than a few positions in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

import torch

# Logits that are in memory at once. On a processor 16 million (341 positions of SmolLM2's vocabulary) were as
# fast as all of them; an accelerator needs larger products.
LOGITS_AT_ONCE = {"cpu": 2**24}
LOGITS_AT_ONCE_ELSEWHERE = 2**27

_does_nothing_after: WeakKeyDictionary[torch.nn.Module, bool] = WeakKeyDictionary()


def can_fuse(head: torch.nn.Module) -> bool:
    """Whether the loss can be had from the head's input: the head is plain, and learn_what_follows found that the
    model leaves its logits as they are."""
    return _does_nothing_after.get(head, False) and _is_plain(head)


def _is_plain(head: torch.nn.Module) -> bool:
    """A frozen linear layer. Not in float16: its gradients are kept from vanishing by a scale that comes in only
    after the loss."""
    return (
        type(head) is torch.nn.Linear
        and head.bias is None
        and not head.weight.requires_grad
        and head.weight.dtype in (torch.float64, torch.float32, torch.bfloat16)
    )


def learn_what_follows(model: torch.nn.Module, head: torch.nn.Module) -> None:
    """Tries out whether the model changes its logits after the head, as by a soft cap; draws nothing at random."""
    if not _is_plain(head):
        return
    was_training = model.training
    model.eval()
    ids = torch.arange(4)[None].to(cast(torch.Tensor, head.weight).device)
    with torch.no_grad():
        given, made = _passed_on(model, {"input_ids": ids}, head, lambda hidden: hidden)
    model.train(was_training)
    _does_nothing_after[head] = made.shape == given.shape and torch.equal(made.double(), given.double())


def head_inputs(
    model: torch.nn.Module, given: dict[str, torch.Tensor], head: torch.nn.Module, learnt: torch.Tensor
) -> torch.Tensor:
    """What the head is given where a learnt token is predicted, (learnt tokens, hidden).

    learnt  (sequences, width - 1) bool
    """
    return _passed_on(model, given, head, lambda hidden: hidden[:, :-1][learnt])[0]


def _passed_on(
    model: torch.nn.Module, given: dict[str, torch.Tensor], head: torch.nn.Module,
    taken: Callable[[torch.Tensor], torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """`taken` of what the head is given, and what the model makes of it if the head passes it on."""
    seen: list[torch.Tensor] = []

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        seen.append(taken(hidden))
        return seen[-1]

    head.forward = forward
    try:
        made = model(**given, use_cache=False).logits
    finally:
        del head.forward
    return seen[-1], made


def nats_at_head(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of hidden @ weight.T, summed over the rows; the gradient is only that of `hidden`.

    hidden   (n, hidden) of any floating type
    weight   (vocabulary, hidden), frozen
    targets  (n,) int64
    Returns  scalar, float32 or float64
    """
    hidden = hidden.to(weight.dtype)
    if torch.is_grad_enabled():
        return _NatsAtHead.apply(hidden, weight, targets)  # type: ignore[no-any-return, no-untyped-call]
    return _summed(hidden, weight, targets, None)


class _NatsAtHead(torch.autograd.Function):
    """The gradient is made beside the loss, some rows at a time, since softmax is at hand then:
    d loss / d hidden = (softmax - target) @ weight."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        gradient = torch.empty_like(hidden)
        total = _summed(hidden, weight, targets, gradient)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient * outer[0]).to(gradient.dtype), None, None


def _summed(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, gradient: torch.Tensor | None
) -> torch.Tensor:
    """Nats; `gradient` is filled in, None = it is not wanted."""
    precise = torch.promote_types(weight.dtype, torch.float32)
    total = torch.zeros((), dtype=precise, device=hidden.device)
    room = LOGITS_AT_ONCE.get(hidden.device.type, LOGITS_AT_ONCE_ELSEWHERE)
    size = max(1, room // len(weight))
    with torch.autocast(hidden.device.type, enabled=False):
        for start in range(0, len(hidden), size):
            part = slice(start, start + size)
            logits = torch.mm(hidden[part], weight.t()).to(precise)  # (rows, vocabulary)
            if gradient is None:
                total += torch.nn.functional.cross_entropy(logits, targets[part], reduction="sum")
            else:
                nats, share, whole = _nats_and_share(logits, targets[part, None])
                gradient[part] = (torch.mm(share.to(weight.dtype), weight) / whole).to(gradient.dtype)
                total += nats
    return total


def _nats_and_share(
    logits: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Nats; softmax minus the target, times `whole`, (rows, vocabulary); whole, (rows, 1). `logits` is used up.

    targets  (rows, 1)
    """
    target, top = logits.gather(1, targets), logits.amax(1, keepdim=True)
    share = logits.sub_(top).exp_()
    whole = share.sum(1, keepdim=True)
    share.scatter_(1, targets, share.gather(1, targets) - whole)
    return (whole.log() + top - target).sum(), share, whole
