"""Seconds of each optimiser step, the device's work included, and the most memory that training took."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Clock:
    """ends                        when each step had ended, the device being idle again
    allocated_gib, reserved_gib  most while it trained, GiB; on a processor both are the process, loading included
    loading_gib                  most that was reserved before, GiB
    """

    ends: list[float] = field(default_factory=list)
    allocated_gib: float = 0.0
    reserved_gib: float = 0.0
    loading_gib: float = 0.0

    def seconds(self, warm_up: int) -> list[float]:
        """Of each step after the warm-up; a step lasts from the end of the one before to its own."""
        return [b - a for a, b in zip(self.ends[warm_up - 1 : -1], self.ends[warm_up:], strict=True)]


def watch_steps(device: str) -> Clock:
    """From now on transformers.Trainer, and what stands on it, tells the clock when a step ends."""
    from transformers import Trainer, TrainerCallback

    clock, train = Clock(), Trainer.train

    class Ends(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            _synchronise(device)
            clock.ends.append(time.perf_counter())

    def clocked(self: Any, *args: Any, **kwargs: Any) -> Any:
        clock.loading_gib = _memory_gib(device)[1]
        if device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
        self.add_callback(Ends())
        result = train(self, *args, **kwargs)
        clock.allocated_gib, clock.reserved_gib = _memory_gib(device)
        return result

    Trainer.train = clocked
    return clock


def _synchronise(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def _memory_gib(device: str) -> tuple[float, float]:
    """(most allocated, most reserved) on the accelerator; on a processor the greatest resident size for both."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**30, torch.cuda.max_memory_reserved() / 2**30
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return peak, peak


def spread(seconds: Sequence[float], tokens: int, blocks: int) -> tuple[float, float, float]:
    """Tokens/s over blocks of consecutive steps: (median, least, most).

    tokens  of one step
    blocks  repeats into which the steps are parted; at least one step in each
    """
    size = max(len(seconds) // blocks, 1)
    parts = [seconds[i : i + size] for i in range(0, size * min(blocks, len(seconds)), size)]
    rates = [tokens * len(part) / sum(part) for part in parts]
    return statistics.median(rates), min(rates), max(rates)
