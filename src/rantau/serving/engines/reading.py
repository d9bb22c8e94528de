"""A job as an engine reads it: all tokens that it goes on from, how many more it may make, and their decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.chat import Template
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.engine import Begun, Ended, Heard, Refused
from rantau.serving.engines.fitting import fitting
from rantau.serving.engines.prompting import as_text, begun_ids, prompt_ids
from rantau.serving.protocol import Job, Tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class Reading:
    """ids: talk, begun answer and what was said of the rest; n_left: tokens that may follow, 0 = it is over;
    decoder: has seen the answer so far; messages: those turns of the job that the model sees"""

    ids: tuple[int, ...]
    n_left: int
    decoder: PieceDecoder
    begun: Begun
    messages: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """context: most tokens of prompt and answer together; digest: of the weights that it reads for"""

    tokenizer: PreTrainedTokenizerFast
    template: Template
    context: int
    system_prompt: str | None = None
    digest: str = ""

    @property
    def stops(self) -> frozenset[int]:
        """Tokens that end an answer: the template's, and the tokenizer's own end."""
        return frozenset(i for i in (*self.template.stop_ids, self.tokenizer.eos_token_id) if i is not None)

    def read(self, job: Job, said: Sequence[int], text: str = "") -> Reading:
        """said, text: see Engine.submit; text without tokens is cut into tokens here.

        Raises   Refused (too_long, bad_prompt, cannot_continue)
        """
        said = said or as_text(text, self.tokenizer)
        before = begun_ids(job, self.tokenizer)
        messages, talk = fitting(job, self._room(job) - len(before), self._talk)
        n_prompt = len(talk) + len(before)
        if n_prompt >= self.context:
            what = "the talk" if job.whole else "the question"
            raise Refused(
                "too_long", f"{what} has {n_prompt} tokens, this model takes {self.context}. Shorten it."
            )
        if any(not 0 <= token < len(self.tokenizer) for token in (*before, *said)):
            raise Refused("cannot_continue", "the answer was begun by a model with other tokens. Ask it anew.")
        decoder = PieceDecoder(self.tokenizer)
        for token in before:
            decoder.push(token)
        heard = "".join(map(decoder.push, said))
        left = min(job.wish.max_tokens, self.context - n_prompt) - len(said)
        begun = Begun(n_prompt, heard, self.digest, len(job.messages) - len(messages))
        return Reading((*talk, *before, *said), max(left, 0), decoder, begun, messages)

    def _room(self, job: Job) -> int:
        """Tokens that a talk may have: its answer is left what was asked for, up to three quarters."""
        return max(self.context - job.wish.max_tokens, self.context // 4)

    def _talk(self, job: Job) -> list[int]:
        return prompt_ids(job, self.template, self.tokenizer, system_prompt=self.system_prompt)


def ending(decoder: PieceDecoder, ended: Ended) -> list[Heard | Ended]:
    """What is left to be said, then the end."""
    rest = decoder.rest() if ended.reason == "eos" else ""
    return [*([Heard(ended.name, Tokens(rest, ()))] if rest else []), ended]


def digests_of(readers: Mapping[str, Reader]) -> dict[str, str]:
    """Name of a model -> digest of its weights; without those that have none."""
    return {name: reader.digest for name, reader in readers.items() if reader.digest}
