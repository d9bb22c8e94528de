"""The processes that train one phase together: who leads, which rows are whose, and what they tell one another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
BUCKET = 2**24  # numbers that travel in one message: 64 MiB of float32


@dataclass(slots=True)
class Ranks:
    """One process among `size`, which all do the same steps in the same order.

    Every rank has the plan of all batches and takes its own rows of each, so the plan, and with it the result,
    does not depend on how many there are. Gradients are summed once a step, after the last backward pass of the
    slowest rank: nothing is exchanged while a rank may still run out of memory and do its part again, and a rank
    without rows needs no pass of its own. Only the rank that leads writes and speaks.

    lockstep  the weights of the base are shared out: a forward pass of one rank needs all the others at the same
    asked     set when somebody asked this rank to stop; the others are told at the end of the step
    flag      a file that says the same to all, where no signal reaches them; None = there is none
    stop      set when the step that is running is to be the last; all ranks set it at the same step
    """

    rank: int = 0
    size: int = 1
    lockstep: bool = False
    flag: Path | None = None
    asked: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(init=False)

    def __post_init__(self) -> None:
        self.stop = self.asked if self.size == 1 else threading.Event()

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @property
    def is_asked(self) -> bool:
        return self.asked.is_set() or (self.flag is not None and self.flag.exists())

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """The items of this rank: each is that of exactly one."""
        return items[self.rank :: self.size]

    def in_step(self, own: Sequence[T], spare: T) -> list[tuple[T, bool]]:
        """What this rank is to compute, and whether it counts: in lockstep `spare` stands in until there are as
        many as the rank with the most has."""
        found = [(item, True) for item in own]
        if self.lockstep:
            most = max(self.gathered(len(own)))
            found += [(spare, False)] * (most - len(own))
        return found

    def gathered(self, value: T) -> list[T]:
        """The values of all ranks, in their order, on each of them."""
        if self.size == 1:
            return [value]
        import torch.distributed as dist

        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def led(self, value: T) -> T:
        """The value of the rank that leads; the others wait for it."""
        return self.gathered(value)[0]

    def wait(self) -> None:
        """Until all are here."""
        self.gathered(None)

    def sum_gradients(self, model: torch.nn.Module) -> None:
        """Each gradient becomes its sum over the ranks; what no rank has stays without, as with one process."""
        if self.size == 1:
            return
        import torch

        learnt = [p for p in model.parameters() if p.requires_grad]
        flags = self.gathered([p.grad is not None for p in learnt])
        there = [p for p, *has in zip(learnt, *flags, strict=True) if any(has)]
        for p in there:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad.contiguous()
        for bucket in _buckets([p.grad for p in there if p.grad is not None]):
            _sum_in_place(bucket)

    def same_weights(self, model: torch.nn.Module) -> None:
        """The adapter becomes that of the rank that leads, also what of it is frozen: a decomposition (PiSSA,
        LoftQ) may come out differently on another processor."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        with torch.no_grad():
            for name, p in model.named_parameters():
                if p.requires_grad or "lora_" in name:
                    dist.broadcast(p.data, src=0)


def _buckets(tensors: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Neighbours of one type, up to BUCKET numbers together; a larger tensor alone."""
    found: list[list[torch.Tensor]] = []
    room = 0
    for tensor in tensors:
        if found and found[-1][0].dtype == tensor.dtype and tensor.numel() <= room:
            found[-1].append(tensor)
            room -= tensor.numel()
        else:
            found.append([tensor])
            room = BUCKET - tensor.numel()
    return found


def _sum_in_place(tensors: Sequence[torch.Tensor]) -> None:
    import torch
    import torch.distributed as dist

    if len(tensors) == 1:
        dist.all_reduce(tensors[0])
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, part in zip(tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
