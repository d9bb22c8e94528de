"""What a server streams, checked piece by piece: what the protocol does not know is dropped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rantau.serving.engines.openai.connection import Broken, kind_of
from rantau.serving.protocol import Reason

OBJECTS = ("chat.completion.chunk", "text_completion")
REASONS: dict[str, Reason] = {"stop": "eos", "length": "length"}
END = "[DONE]"


@dataclass(frozen=True, slots=True)
class Chunk:
    """text: of the answer; ids: of its tokens, None if the server does not tell; reason: why it is over; n_tokens:
    of the whole answer so far, if told"""

    text: str = ""
    ids: tuple[int, ...] | None = None
    reason: Reason | None = None
    n_tokens: int | None = None


def events(lines: Iterable[bytes]) -> Iterator[str]:
    """The data of each event up to [DONE]; names, ids and comments are left out.

    Raises   Broken if the stream ends before, or is no text
    """
    data: list[str] = []
    for line in lines:
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise Broken("the stream is not UTF-8.") from error
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            whole, data = "\n".join(data), []
            if whole.strip() == END:
                return
            yield whole
    raise Broken("the stream ended before its end.")


def read_chunk(data: str) -> Chunk | None:
    """None for an event of another kind.

    Raises   Broken if it is no JSON, an error, or not of the protocol's types
    """
    try:
        row = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken("an event is no JSON.") from error
    if isinstance(row, dict) and row.get("error"):
        raise Broken(f"the server has failed: {kind_of(row)}")
    if not isinstance(row, dict) or row.get("object") not in OBJECTS:
        return None
    counted = row.get("usage")
    n_tokens = _whole(counted.get("completion_tokens")) if isinstance(counted, dict) else None
    choices = row.get("choices")
    if choices == []:
        return Chunk(n_tokens=n_tokens)
    if not isinstance(choices, list) or not isinstance(choices[0], dict) or choices[0].get("index", 0) != 0:
        raise Broken("an event has no choices.")
    return _of_choice(choices[0], n_tokens)


def _of_choice(choice: dict[str, Any], n_tokens: int | None) -> Chunk:
    delta = choice.get("delta", {})
    text = choice.get("text") if "text" in choice else delta.get("content") if isinstance(delta, dict) else 0
    ids, reason = choice.get("token_ids"), choice.get("finish_reason")
    if not isinstance(text, str | None) or not isinstance(reason, str | None):
        raise Broken("an event has a text or a reason that is none.")
    if ids is not None and not (isinstance(ids, list) and all(_whole(i) is not None for i in ids)):
        raise Broken("an event has token ids that are none.")
    return Chunk(
        _whole_characters(text or ""),
        None if ids is None else tuple(ids),
        REASONS.get(reason, "error") if reason else None,
        n_tokens,
    )


def _whole_characters(text: str) -> str:
    """JSON can spell half a character, which no UTF-8 can: it is no text."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(number: object) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
