"""How a server is asked. Every field of a Wish is said, so that no default of the server comes in.

tokens  /v1/completions with token ids: the worker writes the talk, so that nothing that people type can open a
        turn, and an answer goes on exactly behind its tokens. vLLM takes it.
chat    /v1/chat/completions: the server writes the talk. Any server takes it; only some go on with an answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rantau.serving.protocol import Wish

Manner = Literal["tokens", "chat"]
SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Served:
    """name       how the server calls the model
    own_fields whether it takes what vLLM adds to the protocol: top_k, repetition_penalty, stop_token_ids
    continues  whether it goes on with the last message, if that is the answer's beginning; manner chat alone
    """

    name: str
    manner: Manner = "tokens"
    own_fields: bool = True
    continues: bool = True


def of_tokens(
    served: Served, ids: Sequence[int], n_left: int, wish: Wish, stops: Collection[int]
) -> dict[str, Any]:
    return _common(served, n_left, wish, len(ids)) | {
        "prompt": list(ids),
        "stop_token_ids": sorted(stops),
        "return_token_ids": True,
        "skip_special_tokens": True,
    }


def of_chat(
    served: Served, messages: Sequence[Mapping[str, str]], text: str, n_left: int, wish: Wish, place: int
) -> dict[str, Any]:
    """text: of the answer so far; place: tokens before the next one"""
    body = _common(served, n_left, wish, place) | {"messages": [dict(m) for m in messages]}
    if text:
        body["messages"].append({"role": "assistant", "content": text})
        body |= {"add_generation_prompt": False, "continue_final_message": True}
    return body


def _common(served: Served, n_left: int, wish: Wish, place: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": served.name,
        "max_tokens": n_left,
        "temperature": wish.temperature,
        "top_p": wish.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if wish.seed is not None:
        body["seed"] = seed_at(wish.seed, place)
    if served.own_fields:  # else vLLM takes them of the model's generation_config.json
        body |= {"top_k": wish.top_k or -1, "repetition_penalty": wish.repetition_penalty, "min_p": 0.0}
    return body


def seed_at(seed: int, place: int) -> int:
    """Of an answer that goes on behind `place` tokens: not the draws of its beginning again."""
    return zlib.crc32(f"{seed} {place}".encode()) % SEEDS
