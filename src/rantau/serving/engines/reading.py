"""A job as an engine reads it: all tokens that it goes on from, how many more it may make, and their decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.chat import Template
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.engine import Begun, Refused
from rantau.serving.engines.prompting import as_text, begun_ids, prompt_ids
from rantau.serving.protocol import Job

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class Reading:
    """ids: talk, begun answer and what was said of the rest; n_left: tokens that may follow, 0 = it is over;
    decoder: has seen the answer so far"""

    ids: tuple[int, ...]
    n_left: int
    decoder: PieceDecoder
    begun: Begun


@dataclass(frozen=True, slots=True)
class Reader:
    """context: most tokens of prompt and answer together"""

    tokenizer: PreTrainedTokenizerFast
    template: Template
    context: int
    system_prompt: str | None = None

    @property
    def stops(self) -> frozenset[int]:
        """Tokens that end an answer: the template's, and the tokenizer's own end."""
        return frozenset(i for i in (*self.template.stop_ids, self.tokenizer.eos_token_id) if i is not None)

    def read(self, job: Job, said: Sequence[int], text: str = "") -> Reading:
        """said, text: see Engine.submit; text without tokens is cut into tokens here.

        Raises   Refused (too_long, bad_prompt, cannot_continue)
        """
        said = said or as_text(text, self.tokenizer)
        talk = prompt_ids(job, self.template, self.tokenizer, system_prompt=self.system_prompt)
        before = begun_ids(job, self.tokenizer)
        n_prompt = len(talk) + len(before)
        if n_prompt >= self.context:
            raise Refused(
                "too_long", f"the talk has {n_prompt} tokens, this model takes {self.context}. Start a new one."
            )
        if any(not 0 <= token < len(self.tokenizer) for token in (*before, *said)):
            raise Refused("cannot_continue", "the answer was begun by a model with other tokens. Ask it anew.")
        decoder = PieceDecoder(self.tokenizer)
        for token in before:
            decoder.push(token)
        heard = "".join(map(decoder.push, said))
        left = min(job.wish.max_tokens, self.context - n_prompt) - len(said)
        return Reading((*talk, *before, *said), max(left, 0), decoder, Begun(n_prompt, heard))
