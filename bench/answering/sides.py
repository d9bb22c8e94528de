"""The ways of answering: the tutorial's loop, transformers' batches, and rantau's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PADDED_TO = 256  # the tutorial pads every prompt to one length; this is a mild one


@dataclass(frozen=True, slots=True)
class Task:
    """prompts: token ids; stops: tokens that end an answer"""

    model: Any
    tokenizer: Any
    prompts: list[list[int]]
    max_new_tokens: int
    stops: tuple[int, ...]


def one_by_one(task: Task) -> list[list[int]]:
    """The tutorial's loop without its padding: the fastest that a loop over prompts can be."""
    return [_generate(task, [ids], len(ids))[0] for ids in task.prompts]


def padded_one_by_one(task: Task) -> list[list[int]]:
    """The tutorial's loop: every prompt padded to one length, then generate."""
    return [_generate(task, [ids], max(PADDED_TO, len(ids)))[0] for ids in task.prompts]


def batches_in_order(size: int) -> Callable[[Task], list[list[int]]]:
    """transformers' generate over batches in the order of the rows."""

    def side(task: Task) -> list[list[int]]:
        parts = [task.prompts[i : i + size] for i in range(0, len(task.prompts), size)]
        return [row for part in parts for row in _generate(task, part, max(map(len, part)))]

    return side


def rantau(size: int) -> Callable[[Task], list[list[int]]]:
    from rantau.model.generate import generate_batch

    def side(task: Task) -> list[list[int]]:
        said = generate_batch(
            task.model, task.tokenizer, task.prompts,
            max_new_tokens=task.max_new_tokens, stop_ids=task.stops, batch_size=size,
        )  # fmt: skip
        return [list(answer.ids) for answer in said]

    return side


def rantau_sampled(size: int) -> Callable[[Task], list[list[int]]]:
    from rantau.model.generate import Narrowing, generate_batch

    def side(task: Task) -> list[list[int]]:
        said = generate_batch(
            task.model, task.tokenizer, task.prompts, sampling=Narrowing(), seeds=range(len(task.prompts)),
            max_new_tokens=task.max_new_tokens, stop_ids=task.stops, batch_size=size,
        )  # fmt: skip
        return [list(answer.ids) for answer in said]

    return side


def _generate(task: Task, prompts: list[list[int]], width: int) -> list[list[int]]:
    """Greedy answers without padding and end token."""
    import torch

    pad = task.tokenizer.pad_token_id or 0
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        out = task.model.generate(
            ids, attention_mask=mask, max_new_tokens=task.max_new_tokens, do_sample=False,
            eos_token_id=list(task.stops), pad_token_id=pad,
        )  # fmt: skip
    return [_until_stop(row, task.stops) for row in out[:, width:].tolist()]


def _until_stop(ids: list[int], stops: tuple[int, ...]) -> list[int]:
    return ids[: next((n for n, i in enumerate(ids) if i in stops), len(ids))]
