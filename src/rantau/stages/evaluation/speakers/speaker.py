"""A speaker: a model that answers prompts and says what a text costs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rantau.machine import Machine
from rantau.recipe import Model, Prompts
from rantau.run.progress import Progress
from rantau.stages.evaluation.ledger import Tell
from rantau.stages.evaluation.likelihood.marked import Marked

if TYPE_CHECKING:
    from rantau.model.sampled import Narrowing


@dataclass(frozen=True, slots=True)
class Question:
    """seed: of the draws of this answer alone; greedy answers do not use it"""

    prompt_ids: tuple[int, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Decoding:
    """How prompts are answered.

    sampling  None = greedy
    repeats   answers to each prompt
    cuts      numbers of tokens after which an answer is also kept cut off, rising
    """

    max_new_tokens: int
    sampling: Narrowing | None = None
    repeats: int = 1
    cuts: tuple[int, ...] = ()


def decoding_of(prompts: Prompts) -> Decoding:
    from rantau.model.sampled import Narrowing

    sampled = prompts.decoding == "sampling"
    return Decoding(
        max_new_tokens=prompts.max_new_tokens,
        sampling=Narrowing(prompts.temperature, prompts.top_k, prompts.top_p) if sampled else None,
        repeats=prompts.repeats,
        cuts=tuple(sorted(set(prompts.metric_tokens.values()))),
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """text: decoded answer; n_tokens: generated tokens; ended: False if it hit the token limit;
    cuts: "<n>" -> text of the first n tokens, a character that is cut apart left out"""

    text: str
    n_tokens: int
    ended: bool
    cuts: Mapping[str, str] = field(default_factory=dict)


class Answerer(Protocol):
    @property
    def at_once(self) -> int:
        """Calls of `answers` that may run beside one another; more than 1 = company in a call changes nothing."""
        ...

    def answers(self, questions: Sequence[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        """The answer to each question of one batch; tells the share of it that is done."""
        ...


class Scorer(Protocol):
    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        """For each text of one batch its summed negative log-likelihood in nats, and its scored tokens."""
        ...

    def marked_nats(self, rows: Sequence[Marked], *, context_tokens: int) -> list[tuple[float, int]]:
        """For each row of one batch the same of its marked tokens alone."""
        ...


class Speaker(Answerer, Scorer, Protocol):
    pass


class LateSpeaker:
    """A speaker that is loaded when it is first needed: a run that was killed after its last answer needs none."""

    at_once = 1

    def __init__(self, load: Callable[[], Speaker]) -> None:
        self._load = load

    @cached_property
    def _speaker(self) -> Speaker:
        return self._load()

    def answers(self, questions: Sequence[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        return self._speaker.answers(questions, decoding, tell)

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        return self._speaker.nats(texts, context_tokens=context_tokens)

    def marked_nats(self, rows: Sequence[Marked], *, context_tokens: int) -> list[tuple[float, int]]:
        return self._speaker.marked_nats(rows, context_tokens=context_tokens)


@dataclass(frozen=True, slots=True)
class ModelSpeaker:
    """A model in memory, as three functions.

    generate  questions, how to answer, whom to tell of progress -> answers
    score     texts, tokens seen at once -> nats and scored tokens
    weigh     rows of which some tokens are scored, tokens seen at once -> the same
    """

    generate: Callable[[list[Question], Decoding, Tell], list[Spoken]]
    score: Callable[[list[str], int], list[tuple[float, int]]]
    weigh: Callable[[list[Marked], int], list[tuple[float, int]]]
    at_once: int = 1

    def answers(self, questions: Sequence[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        return self.generate(list(questions), decoding, tell)

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        return self.score(list(texts), context_tokens)

    def marked_nats(self, rows: Sequence[Marked], *, context_tokens: int) -> list[tuple[float, int]]:
        return self.weigh(list(rows), context_tokens)


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
    from rantau.model.score import score_rows, score_texts
    from rantau.model.tokenizer import load_tokenizer
    from rantau.model.vocabulary import extend_model
    from rantau.stages.evaluation.prompts.rendering import decode_cuts

    tokenizer = load_tokenizer(model, progress, vocabulary=vocabulary)
    base = load_base(model, machine, progress)
    if vocabulary:
        extend_model(base, vocabulary)
    speaking = load_adapter(base, adapter_folder, trainable=False).eval() if adapter_folder else base

    def generate(questions: list[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        said = generate_batch(
            speaking, tokenizer, [list(q.prompt_ids) for q in questions],
            max_new_tokens=decoding.max_new_tokens, sampling=decoding.sampling, seeds=[q.seed for q in questions],
            stop_ids=stop_ids, batch_size=len(questions), on_step=tell,
        )  # fmt: skip
        return [
            Spoken(g.text, g.n_tokens, g.ended, decode_cuts(tokenizer, g.ids, g.text, decoding.cuts)) for g in said
        ]

    def score(texts: list[str], context_tokens: int) -> list[tuple[float, int]]:
        return score_texts(speaking, tokenizer, texts, context_tokens=context_tokens)

    def weigh(rows: list[Marked], context_tokens: int) -> list[tuple[float, int]]:
        return score_rows(speaking, [(r.ids, r.scored) for r in rows], context_tokens=context_tokens)

    return ModelSpeaker(generate, score, weigh)
