"""What another program says with the exported weights, held against the merged model in transformers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rantau.errors import ModelError
from rantau.run.progress import Progress
from rantau.stages.export.gguf.vocabulary import read_stop_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NEW_TOKENS = 16


class Program(Protocol):
    """A model loaded elsewhere."""

    def tokens(self, text: str) -> list[int]:
        """Ids of a text, nothing put before or after."""

    def logits(self, ids: Sequence[int]) -> Any:
        """(len(ids), vocabulary) float32"""

    def greedy(self, ids: Sequence[int], *, max_new_tokens: int, stops: Collection[int]) -> tuple[int, ...]:
        """The most likely tokens that follow, up to the first stop, which is left out."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """A prompt and the greedy text after it: of the merged model in transformers, and of the other program."""

    prompt: str
    transformers: str
    found: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """An exported form in its program beside the merged model in transformers (float32).

    kind                 of GGUF file, or int8 for CTranslate2
    n_prompts, n_tokens  compared
    same_tokens        prompts whose token ids are the same
    same_top           share of positions with the same most likely next token, 0..1
    same_greedy        prompts that are continued by the same 16 tokens
    largest_difference of a logit, absolute
    continuations      one a prompt
    """

    kind: str
    n_prompts: int
    n_tokens: int
    same_tokens: int
    same_top: float
    same_greedy: int
    largest_difference: float
    continuations: tuple[Continuation, ...] = ()

    def told(self, program: str) -> str:
        return (
            f"export: {self.kind} in {program}: {100 * self.same_top:.1f} % of {self.n_tokens} next tokens as in "
            f"transformers, {self.same_greedy} of {self.n_prompts} prompts continued alike"
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What the merged model says in transformers: ids of each prompt, logits (tokens, vocabulary), greedy ids."""

    prompts: Sequence[str]
    tokenizer: PreTrainedTokenizerFast
    ids: list[list[int]]
    logits: list[Any]
    greedy: list[tuple[int, ...]]
    stops: frozenset[int]


def expected_of(
    merged: Path, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], progress: Progress
) -> Expected:
    import torch
    from transformers import AutoModelForCausalLM

    from rantau.model.generate import generate_batch
    from rantau.model.quiet import quiet_transformers
    from rantau.model.steps import stop_token_ids

    quiet_transformers()
    model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32, local_files_only=True).eval()
    ids, logits = [list(tokenizer(text, add_special_tokens=False).input_ids) for text in prompts], []
    for row in progress.track(ids, "export: ask the merged model", len(ids)):
        with torch.inference_mode():
            logits.append(model(input_ids=torch.tensor([row]), use_cache=False).logits[0].numpy())
    stops = stop_token_ids(model, tokenizer, read_stop_ids(merged))
    greedy = generate_batch(model, tokenizer, ids, max_new_tokens=NEW_TOKENS, stop_ids=stops)
    return Expected(prompts, tokenizer, ids, logits, [answer.ids for answer in greedy], stops)


def compare(program: Program, kind: str, expected: Expected, progress: Progress, title: str) -> Agreement:
    """Asks the program every prompt."""
    differences, same, tokens, answers = [0.0], 0, 0, []
    for i in progress.track(range(len(expected.prompts)), title, len(expected.prompts)):
        ids, there = expected.ids[i], expected.logits[i]
        tokens += program.tokens(expected.prompts[i]) == ids
        found = program.logits(ids)
        width = min(found.shape[1], there.shape[1])
        same += int((found[:, :width].argmax(1) == there[:, :width].argmax(1)).sum())
        differences.append(float(abs(found[:, :width] - there[:, :width]).max()))
        answers.append(program.greedy(ids, max_new_tokens=NEW_TOKENS, stops=expected.stops))
    n_tokens = sum(len(ids) for ids in expected.ids)
    alike = sum(one == other for one, other in zip(answers, expected.greedy, strict=True))
    said = tuple(_continuation(expected, i, answer) for i, answer in enumerate(answers))
    return Agreement(kind, len(expected.prompts), n_tokens, tokens, same / n_tokens, alike, max(differences), said)


def _continuation(expected: Expected, i: int, answer: tuple[int, ...]) -> Continuation:
    read = expected.tokenizer.decode
    return Continuation(expected.prompts[i], str(read(list(expected.greedy[i]))), str(read(list(answer))))


def refuse_wrong(what: str, program: str, found: Agreement, *, least: float, instead: str) -> None:
    """least   least share of equal most likely next tokens
    instead  what to do about it
    Raises   ModelError if the program reads a prompt as other tokens, or names too seldom the same next token
    """
    if found.same_tokens < found.n_prompts:
        raise ModelError(
            f"{what}: {program} reads {found.n_prompts - found.same_tokens} of {found.n_prompts} texts as other "
            f"tokens than the tokenizer does. Nothing was written. {instead}"
        )
    if not found.same_top >= least:
        raise ModelError(
            f"{what}: in {program} {100 * found.same_top:.1f} % of {found.n_tokens} positions have the same most "
            f"likely next token as in transformers; {100 * least:.0f} % is the least for {found.kind}. "
            f"Nothing was written. {instead}"
        )
