"""Answers to batches of prompts, greedy or sampled: what evaluation asks for. One answer in pieces: stream.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.model.sampled import Draws, Narrowing, choose
from rantau.model.steps import Steps, room_for, stop_token_ids
from rantau.model.stream import Sampling, stream

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

__all__ = ["Generated", "Narrowing", "Sampling", "generate_batch", "stream"]

Choose = Callable[["torch.Tensor", list[int]], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Generated:
    """One answer.

    ids       tokens without prompt, padding and end token
    text      decoded without special tokens
    n_tokens  len(ids)
    ended     True if the model ended it with an end token, False if it hit the limit
    """

    ids: tuple[int, ...]
    text: str
    n_tokens: int
    ended: bool


def generate_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompt_ids: list[list[int]],
    *,
    max_new_tokens: int,
    sampling: Narrowing | None = None,
    seeds: Sequence[int] = (),
    stop_ids: Iterable[int] = (),
    batch_size: int = 16,
    on_step: Callable[[float], None] = lambda share: None,
) -> list[Generated]:
    """The answer to every prompt, in the order given; greedy without `sampling`.

    Prompts of like length share a batch, and equal prompts in it are read once. In float32 an answer does not
    depend on its neighbours, except where two tokens score within about 1e-5 of each other, or a draw falls
    that close to the boundary between two. The model's own generation defaults (temperature, penalties) are
    not applied.
    seeds     for sampling: one for each prompt, and its draws follow from it alone
    stop_ids  end tokens besides those of tokenizer and model: the template's
    on_step   told the share of all prompts that is done, at most, after each token: a batch may end early
    Raises    ModelError if a prompt is empty or fills the context
    """
    stops = stop_token_ids(model, tokenizer, stop_ids)
    order = sorted(range(len(prompt_ids)), key=lambda i: len(prompt_ids[i]))
    answers: dict[int, Generated] = {}
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        limits = [room_for(model, len(prompt_ids[i]), max_new_tokens) for i in chunk]
        pad_id = tokenizer.pad_token_id or 0
        steps = Steps(model, [prompt_ids[i] for i in chunk], pad_id=pad_id)
        chosen = _likeliest if sampling is None else _drawn(sampling, [seeds[i] for i in chunk])
        rows: list[list[int]] = [[] for _ in chunk]
        for n_tokens in _fill(steps, rows, limits, stops, chosen):
            on_step((start + len(chunk) * n_tokens / max(limits)) / len(order))
        answers.update((i, _generated(tokenizer, ids, stops)) for i, ids in zip(chunk, rows, strict=True))
    return [answers[i] for i in range(len(prompt_ids))]


def _likeliest(scores: torch.Tensor, going: list[int]) -> torch.Tensor:
    return scores.argmax(-1)


def _drawn(sampling: Narrowing, seeds: Sequence[int]) -> Choose:
    draws = Draws(seeds)
    return lambda scores, going: choose(scores, sampling, draws.next(going))


def _fill(
    steps: Steps, rows: list[list[int]], limits: list[int], stops: frozenset[int], choose_from: Choose
) -> Iterator[int]:
    """Fills `rows` with ids, end tokens included, and yields their length; rows that are done leave the batch.

    choose_from  scores (rows still going, vocab), and which rows these are -> (rows still going,) int64
    """
    import torch

    going = list(range(len(limits)))
    while going:
        chosen = choose_from(steps.logits(), going)
        for row, token in zip(going, chosen.tolist(), strict=True):
            rows[row].append(token)
        left = [n for n, r in enumerate(going) if rows[r][-1] not in stops and len(rows[r]) < limits[r]]
        steps.push(chosen)
        if left and len(left) < len(going):
            steps.keep(torch.tensor(left, device=chosen.device))
        going = [going[n] for n in left]
        yield max(map(len, rows))


def _generated(tokenizer: PreTrainedTokenizerFast, ids: list[int], stops: frozenset[int]) -> Generated:
    ended = ids[-1] in stops
    said = ids[:-1] if ended else ids
    return Generated(tuple(said), tokenizer.decode(said, skip_special_tokens=True), len(said), ended)
