"""One answer, piece by piece, exact for every script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.model.steps import Steps, room_for, stop_token_ids

if TYPE_CHECKING:
    import torch
    from tokenizers.decoders import DecodeStream
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    temperature         0 = always the likeliest token (top_k and top_p then change nothing)
    top_k               tokens to choose from, 0 = all
    top_p               least share of probability that these hold together, 1 = all
    repetition_penalty  tokens that were seen, prompt included, lose by this factor; 1 = none
    """

    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.1
    max_new_tokens: int = 256
    seed: int = 0


class PieceDecoder:
    """Token ids in, whole characters out. A piece is "" while a character still lacks bytes.

    The pieces and the rest, joined, are tokenizer.decode(all ids, skip_special_tokens=True). Only where bytes are
    no character, a tokenizer with byte fallback takes back the characters before them; here they stay.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer, self._ids, self._said = tokenizer, list[int](), ""
        self._unsaid: list[int] = []
        self._stream = _stream()

    def push(self, token: int) -> str:
        self._ids.append(token)
        self._unsaid.append(token)
        try:
            piece = self._step(token)
        except Exception:  # a plain one: what was said is no longer the beginning
            self._stream = _stream()
            piece = "".join(map(self._step, self._unsaid))
        if piece:
            self._said += piece
            self._unsaid.clear()
        return piece

    def _step(self, token: int) -> str:
        return self._stream.step(self._tokenizer.backend_tokenizer, token) or ""

    def rest(self) -> str:
        """What is left at the end: U+FFFD for a character that was cut off, else ""."""
        whole = self._decode(self._ids)
        return whole[len(self._said) :] if whole.startswith(self._said) else self._decode(self._unsaid)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))


def _stream() -> DecodeStream:
    from tokenizers.decoders import DecodeStream

    return DecodeStream(skip_special_tokens=True)


def stream(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompt_ids: list[int],
    sampling: Sampling,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    stop_ids: Iterable[int] = (),
) -> Iterator[str]:
    """Yields the answer in non-empty pieces of whole characters; equal seeds give equal answers.

    cancelled  asked before every token; once it says True the answer ends
    stop_ids   end tokens besides those of tokenizer and model: the template's
    Raises     ModelError if the prompt is empty or fills the context
    """
    decoder = PieceDecoder(tokenizer)
    for token in _tokens(model, tokenizer, prompt_ids, sampling, cancelled, frozenset(stop_ids)):
        if piece := decoder.push(token):
            yield piece
    if rest := decoder.rest():
        yield rest


def _tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompt_ids: list[int],
    sampling: Sampling,
    cancelled: Callable[[], bool],
    stop_ids: frozenset[int],
) -> Iterator[int]:
    """The chosen tokens, without the end token."""
    import torch

    stops = stop_token_ids(model, tokenizer, stop_ids)
    limit = room_for(model, len(prompt_ids), sampling.max_new_tokens)
    processors = _processors(sampling)
    generator = torch.Generator(device=model.device).manual_seed(sampling.seed)
    steps = Steps(model, [prompt_ids], pad_id=0)
    seen = torch.tensor([prompt_ids], device=model.device)  # (1, prompt and answer) int64
    for _ in range(limit):
        if cancelled():
            return
        chosen = _choose(processors(seen, steps.logits()), sampling, generator)
        if (token := int(chosen)) in stops:
            return
        yield token
        steps.push(chosen)
        seen = torch.cat([seen, chosen[None]], dim=1)


def _choose(scores: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> torch.Tensor:
    """(1,) int64 from scores (1, vocab)."""
    import torch

    if sampling.temperature == 0:
        return scores.argmax(-1)
    return torch.multinomial(scores.softmax(-1), 1, generator=generator)[0]


def _processors(sampling: Sampling) -> Any:
    """transformers' own processors in its own order."""
    from transformers import LogitsProcessorList
    from transformers.generation import logits_process as found

    chain = LogitsProcessorList()
    if sampling.repetition_penalty != 1:
        chain.append(found.RepetitionPenaltyLogitsProcessor(penalty=float(sampling.repetition_penalty)))
    if sampling.temperature == 0:
        return chain
    if sampling.temperature != 1:
        chain.append(found.TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        chain.append(found.TopKLogitsWarper(top_k=sampling.top_k))
    if sampling.top_p < 1:
        chain.append(found.TopPLogitsWarper(top_p=float(sampling.top_p)))
    return chain
