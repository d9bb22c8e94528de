"""A speaker: a model that answers prompts and says what a text costs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from rantau.machine import Machine
from rantau.recipe import Model
from rantau.run.progress import Progress
from rantau.stages.evaluation.ledger import Tell


@dataclass(frozen=True, slots=True)
class Spoken:
    """text: decoded answer; n_tokens: generated tokens; ended: False if it hit the token limit"""

    text: str
    n_tokens: int
    ended: bool


class Speaker(Protocol):
    def answers(self, prompt_ids: Sequence[Sequence[int]], *, max_new_tokens: int, tell: Tell) -> list[Spoken]:
        """The greedy answer to each prompt of one batch; tells the share of it that is done."""
        ...

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        """For each text of one batch its summed negative log-likelihood in nats, and its scored tokens."""
        ...


class LateSpeaker:
    """A speaker that is loaded when it is first needed: a run that was killed after its last answer needs none."""

    def __init__(self, load: Callable[[], Speaker]) -> None:
        self._load = load

    @cached_property
    def _speaker(self) -> Speaker:
        return self._load()

    def answers(self, prompt_ids: Sequence[Sequence[int]], *, max_new_tokens: int, tell: Tell) -> list[Spoken]:
        return self._speaker.answers(prompt_ids, max_new_tokens=max_new_tokens, tell=tell)

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        return self._speaker.nats(texts, context_tokens=context_tokens)


@dataclass(frozen=True, slots=True)
class ModelSpeaker:
    """A model in memory, as two functions.

    generate  prompts, most new tokens, whom to tell of progress -> answers
    score     texts, tokens seen at once -> nats and scored tokens
    """

    generate: Callable[[list[list[int]], int, Tell], list[Spoken]]
    score: Callable[[list[str], int], list[tuple[float, int]]]

    def answers(self, prompt_ids: Sequence[Sequence[int]], *, max_new_tokens: int, tell: Tell) -> list[Spoken]:
        return self.generate([list(ids) for ids in prompt_ids], max_new_tokens, tell)

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        return self.score(list(texts), context_tokens)


def load_speaker(
    model: Model, machine: Machine, adapter_folder: Path | None, stop_ids: Sequence[int], progress: Progress,
    vocabulary: Path | None = None,
) -> Speaker:  # fmt: skip
    """The base model, with the adapter in `adapter_folder` or without one.

    stop_ids    tokens that end an answer, besides those that tokenizer and model name
    vocabulary  folder of the stage whose words the adapter knows
    """
    from rantau.model.adapters import load_adapter
    from rantau.model.generate import generate_batch
    from rantau.model.load import load_base
    from rantau.model.score import score_texts
    from rantau.model.tokenizer import load_tokenizer
    from rantau.model.vocabulary import extend_model

    tokenizer = load_tokenizer(model, progress, vocabulary=vocabulary)
    base = load_base(model, machine, progress)
    if vocabulary:
        extend_model(base, vocabulary)
    speaking = load_adapter(base, adapter_folder, trainable=False).eval() if adapter_folder else base

    def generate(prompt_ids: list[list[int]], max_new_tokens: int, tell: Tell) -> list[Spoken]:
        said = generate_batch(
            speaking, tokenizer, prompt_ids,
            max_new_tokens=max_new_tokens, stop_ids=stop_ids, batch_size=len(prompt_ids), on_step=tell,
        )  # fmt: skip
        return [Spoken(g.text, g.n_tokens, g.ended) for g in said]

    def score(texts: list[str], context_tokens: int) -> list[tuple[float, int]]:
        return score_texts(speaking, tokenizer, texts, context_tokens=context_tokens)

    return ModelSpeaker(generate, score)
