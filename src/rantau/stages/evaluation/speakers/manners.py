"""How a server lets itself be asked: the fields of a request to /v1/completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rantau.chat import Tokenizer
from rantau.stages.evaluation.speakers.speaker import Decoding, Question

SEEDS = 2**31  # llama.cpp reads 32 bits, and some servers a sign
MOST_STOPS = 4  # strings that OpenAI's protocol takes


@dataclass(frozen=True, slots=True)
class Manner:
    """own_fields: it takes the fields that vLLM and SGLang add to OpenAI's: top_k, stop_token_ids, ...
    token_ids: it takes prompts as token ids; else as text, and it must find the same number of tokens in it"""

    own_fields: bool
    token_ids: bool


MANNERS = (Manner(True, True), Manner(False, True), Manner(False, False))  # the first that is not refused
REFUSALS = frozenset({400, 422})


def request_body(
    name: str,
    tokenizer: Tokenizer,
    stop_ids: Sequence[int],
    question: Question,
    decoding: Decoding,
    manner: Manner,
) -> dict[str, Any]:
    """Every setting is said, so that no default of the server or of the model's repository comes in."""
    ids, sampling = list(question.prompt_ids), decoding.sampling
    body: dict[str, Any] = {
        "model": name,
        "prompt": ids if manner.token_ids else _text(tokenizer, ids),
        "max_tokens": decoding.max_new_tokens,
        "temperature": sampling.temperature if sampling else 0.0,
        "top_p": sampling.top_p if sampling else 1.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
    }
    if sampling:
        body["seed"] = question.seed % SEEDS
    if not manner.own_fields:
        return body | {"stop": [_text(tokenizer, [i]) for i in stop_ids[:MOST_STOPS]]}
    return body | {
        "top_k": (sampling.top_k or -1) if sampling else -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,  # else vLLM takes the one of the model's generation_config.json
        "stop_token_ids": list(stop_ids),
        "skip_special_tokens": True,
        "return_token_ids": True,
    }


def _text(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
