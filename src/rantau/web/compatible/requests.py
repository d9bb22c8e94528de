"""What a program asks for, checked. A field that would change nothing here is refused, not passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rantau.serving.protocol import Wish, in_vain
from rantau.web.compatible.errors import Refusal
from rantau.web.site import Served, Site, SiteLimits
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.validation import ANSWER_CHARS, clean_answer, clean_prompt, clean_text, clean_wish

MOST_MESSAGES = 512
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty", "seed")
READ = {"model", "messages", "stream", "stream_options", "stop", "max_tokens", "max_completion_tokens", *SAMPLING}
HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "n": (1,), "presence_penalty": (0,), "frequency_penalty": (0,), "logit_bias": ({},), "logprobs": (False,),
    "top_logprobs": (0,), "tools": ([],), "functions": ([],), "tool_choice": ("none",),
    "response_format": ({"type": "text"},), "modalities": (["text"],), "service_tier": ("auto", "default"),
    "metadata": ({},), "store": (False,), "parallel_tool_calls": (True, False), "function_call": ("none",),
}  # fmt: skip
"""Fields that are refused but for values that ask for nothing: clients send them by themselves."""
ABOUT_ASKER = ("user", "safety_identifier", "prompt_cache_key")
"""Names that a service in between gives its own people. They ask for nothing, and are not kept."""

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """turns  (role, text), user and assistant in turn, a user's first and last
    wish     fields of protocol.Wish that were given
    usage    whether the stream ends with the number of tokens
    """

    model: Served
    system: str
    turns: tuple[Turn, ...]
    wish: Mapping[str, Any]
    stream: bool
    usage: bool


def request_of(body: bytes, site: Site) -> Request:
    """Raises   Refusal that names the field"""
    row = _json(body)
    for name, value in row.items():
        if name in ABOUT_ASKER and not isinstance(value, str | None):
            raise _invalid(name, "must be a text.")
        if name not in {*READ, *ABOUT_ASKER} and value is not None and value not in HARMLESS.get(name, ()):
            raise _unsupported(name)
    model = _model(row.get("model"), site)
    system, turns = _messages(row.get("messages"), site)
    stream, wish = _flag(row, "stream"), _wish(row, model)
    if asked := in_vain(Wish(**wish), site.cannot):
        raise _unsupported(asked)
    return Request(model, system, turns, wish, stream, _usage(row.get("stream_options"), stream))


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_json", "The body is not JSON.") from error
    if not isinstance(row, dict):
        raise Refusal(400, "invalid_json", "The body must be a JSON object.")
    return row


def _unsupported(name: str) -> Refusal:
    why = "only 1 answer is given at a time" if name == "n" else "it is not supported here; leave it out"
    return Refusal(400, "unsupported_parameter", f"{name}: {why}.", param=name)


def _invalid(name: str, message: str) -> Refusal:
    return Refusal(400, "invalid_value", f"{name}: {message}", param=name)


def _model(name: object, site: Site) -> Served:
    found = site.model(name) if isinstance(name, str) else None
    if found is None:
        names = ", ".join(m.name for m in site.models) or "none"
        raise Refusal(
            404, "model_not_found", f"model: {name!r} is not served here. There are: {names}.", param="model"
        )
    return found


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise _invalid(name, "must be true or false.")
    return bool(value)


def _usage(options: object, stream: bool) -> bool:
    if options is None:
        return False
    if not stream:
        raise _invalid("stream_options", "goes with stream: true only.")
    if not isinstance(options, dict):
        raise _invalid("stream_options", "must be an object.")
    if unknown := sorted(set(options) - {"include_usage", "include_obfuscation"}):
        raise _unsupported(f"stream_options.{unknown[0]}")
    if options.get("include_obfuscation"):
        raise _unsupported("stream_options.include_obfuscation")
    return _flag(options, "include_usage")


def _wish(row: Mapping[str, Any], model: Served) -> dict[str, Any]:
    given = {name: row[name] for name in SAMPLING if row.get(name) is not None}
    most = {row[name] for name in ("max_tokens", "max_completion_tokens") if isinstance(row.get(name), int)}
    for name in ("max_tokens", "max_completion_tokens"):
        if row.get(name) is not None:
            given["max_tokens"] = row[name]
    if len(most) > 1:
        raise _invalid("max_tokens", "differs from max_completion_tokens. Give one of them.")
    found = {name: _in_range(name, value, model.context) for name, value in given.items()}
    stop = row.get("stop")
    if stop is not None:
        found["stop"] = _checked("stop", [stop] if isinstance(stop, str) else stop, model.context)
    return found


def _checked(name: str, value: object, context: int) -> Any:
    try:
        return clean_wish({name: value}, context=context)[name]
    except Rejected as error:
        raise Refusal(400, "invalid_value", error.message, param=name) from error


def _in_range(name: str, value: object, context: int) -> Any:
    found = _checked(name, value, context)
    if found != value:
        raise _invalid(name, f"{value} is out of range; the nearest value that is taken is {found}.")
    return found


def _messages(messages: object, site: Site) -> tuple[str, tuple[Turn, ...]]:
    """The system prompt and the turns. Neighbours of one role become one turn, as templates want it."""
    if not isinstance(messages, list) or not 0 < len(messages) <= MOST_MESSAGES:
        raise _invalid("messages", f"must be a list of 1 to {MOST_MESSAGES} messages.")
    said = [_message(place, message, site) for place, message in enumerate(messages)]
    n_system = next((n for n, (role, _) in enumerate(said) if role != "system"), len(said))
    if any(role == "system" for role, _ in said[n_system:]):
        raise _invalid("messages", "system messages must come before all others.")
    turns = _merged(said[n_system:])
    if not turns or turns[0][0] != "user" or turns[-1][0] != "user":
        raise _invalid("messages", "the first message after the system's and the last one must be of role user.")
    return "\n\n".join(text for _, text in said[:n_system]), turns


def _message(place: int, message: object, site: Site) -> Turn:
    name = f"messages[{place}]"
    if not isinstance(message, dict):
        raise _invalid(name, "must be an object with role and content.")
    if unknown := sorted(key for key, value in message.items() if key not in ("role", "content") and value):
        raise _unsupported(f"{name}.{unknown[0]}")
    role = "system" if message.get("role") == "developer" else message.get("role")
    if role not in ("system", "user", "assistant"):
        raise _invalid(f"{name}.role", "must be system, developer, user or assistant.")
    try:
        return role, _clean(role, _content(name, message.get("content")), site.limits)
    except Rejected as error:
        code = "context_length_exceeded" if error.code == "too_long" else "invalid_value"
        raise Refusal(400, code, f"{name}.content: {error.message}", param=f"{name}.content") from error


def _clean(role: str, text: object, limits: SiteLimits) -> str:
    """What a model has said may be longer than what a person may ask, or nothing."""
    if role == "assistant":
        return clean_answer(text, ANSWER_CHARS)
    return clean_prompt(text, limits) if role == "system" else clean_text(text, limits)


def _content(name: str, content: object) -> object:
    if not isinstance(content, list):
        return content
    parts = [p.get("text") for p in content if isinstance(p, dict) and p.get("type") == "text"]
    if len(parts) != len(content) or not all(isinstance(text, str) for text in parts):
        raise Refusal(400, "unsupported_parameter", f"{name}.content: only parts of type text are read.",
                      param=f"{name}.content")  # fmt: skip
    return "".join(map(str, parts))


def _merged(said: Sequence[Turn]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for role, text in said:
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n\n{text}")
        else:
            turns.append((role, text))
    return tuple(turns)
