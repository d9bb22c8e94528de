"""The loss at a frozen output layer, without the logits of more than a few positions in memory."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch

# Logits that are in memory at once. On a processor 16 million (341 positions of SmolLM2's vocabulary) were as
# fast as all of them; an accelerator needs larger products.
LOGITS_AT_ONCE = {"cpu": 2**24}
LOGITS_AT_ONCE_ELSEWHERE = 2**27

_does_nothing_after: WeakKeyDictionary[torch.nn.Module, bool] = WeakKeyDictionary()


def can_fuse(head: torch.nn.Module) -> bool:
    """Whether the loss can be had from the head's input: a plain, frozen linear layer, gradients are wanted, and
    the model is not known to change logits afterwards.

    Not in float16: its gradients are kept from vanishing by a scale that comes in only after this.
    """
    return (
        type(head) is torch.nn.Linear
        and head.bias is None
        and not head.weight.requires_grad
        and head.weight.dtype in (torch.float64, torch.float32, torch.bfloat16)
        and torch.is_grad_enabled()
        and _does_nothing_after.get(head, True)
    )


def head_inputs(
    model: torch.nn.Module, given: dict[str, torch.Tensor], head: torch.nn.Module, learnt: torch.Tensor
) -> torch.Tensor | None:
    """What the head is given where a learnt token is predicted, (learnt tokens, hidden); None if the model
    changes its logits after the head, as by a soft cap. That is tried out the first time.

    learnt  (sequences, width - 1) bool
    """
    seen: list[torch.Tensor] = []

    def passed_on(hidden: torch.Tensor) -> torch.Tensor:
        seen.append(hidden[:, :-1][learnt])
        return seen[0]

    head.forward = passed_on
    try:
        out = model(**given, use_cache=False).logits
    finally:
        del head.forward
    if head not in _does_nothing_after:
        _does_nothing_after[head] = len(seen) == 1 and torch.equal(out.double(), seen[0].double())
    return seen[0] if _does_nothing_after[head] else None


def nats_at_head(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of hidden @ weight.T, summed over the rows; the gradient is only that of `hidden`.

    hidden   (n, hidden) of any floating type
    weight   (vocabulary, hidden), frozen
    targets  (n,) int64
    Returns  scalar, float32 or float64
    """
    return _NatsAtHead.apply(hidden.to(weight.dtype), weight, targets)  # type: ignore[no-any-return, no-untyped-call]


class _NatsAtHead(torch.autograd.Function):
    """The gradient is made beside the loss, some rows at a time, since softmax is at hand then:
    d loss / d hidden = (softmax - target) @ weight."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        precise = torch.promote_types(weight.dtype, torch.float32)
        total, gradient = torch.zeros((), dtype=precise, device=hidden.device), torch.empty_like(hidden)
        room = LOGITS_AT_ONCE.get(hidden.device.type, LOGITS_AT_ONCE_ELSEWHERE)
        size = max(1, room // len(weight))
        with torch.autocast(hidden.device.type, enabled=False):
            for start in range(0, len(hidden), size):
                part = slice(start, start + size)
                nats, gradient[part] = _part(hidden[part], weight, targets[part, None], precise)
                total += nats
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient * outer[0]).to(gradient.dtype), None, None


def _part(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, precise: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Nats and their gradient; targets (rows, 1)."""
    logits = torch.mm(hidden, weight.t()).to(precise)  # (rows, vocabulary)
    target, top = logits.gather(1, targets), logits.amax(1, keepdim=True)
    share = logits.sub_(top).exp_()
    whole = share.sum(1, keepdim=True)
    share.scatter_(1, targets, share.gather(1, targets) - whole)
    gradient = torch.mm(share.to(weight.dtype), weight) / whole
    return (whole.log() + top - target).sum(), gradient.to(hidden.dtype)
