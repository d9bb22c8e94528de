"""Completions as OpenAI's clients read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rantau.serving.protocol import Reason
from rantau.web.delivery.frames import line
from rantau.web.records.models import Generation
from rantau.web.site import Served

FINISH = {"eos": "stop", "stop": "stop", "stopped": "stop", "length": "length"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended. n_prompt: tokens of the prompt, 0 where nobody counted them"""

    reason: Reason
    n_prompt: int
    n_said: int

    @property
    def usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.n_prompt,
            "completion_tokens": self.n_said,
            "total_tokens": self.n_prompt + self.n_said,
        }


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer's frame: what is the same in each of its parts."""

    id: str
    created: int
    model: str
    fingerprint: str

    @classmethod
    def of(cls, generation: Generation) -> Completion:
        message = generation.message
        created = int(message.created.timestamp())
        return cls(f"chatcmpl-{generation.id.hex}", created, message.model, message.digest or message.model)

    def whole(self, text: str, outcome: Outcome) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISH[outcome.reason]}
        return {**self._frame("chat.completion"), "choices": [choice], "usage": outcome.usage}

    def chunk(self, delta: dict[str, str], *, finish: str | None = None, usage: bool = False) -> str:
        """usage: whether it is told at the end, which every chunk before says with null"""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._event([choice], {"usage": None} if usage else {})

    def usage_chunk(self, outcome: Outcome) -> str:
        return self._event([], {"usage": outcome.usage})

    def _event(self, choices: list[Any], more: dict[str, Any]) -> str:
        return data({**self._frame("chat.completion.chunk"), "choices": choices, **more})

    def _frame(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id, "object": kind, "created": self.created, "model": self.model,
            "system_fingerprint": self.fingerprint,
        }  # fmt: skip


def data(value: dict[str, Any]) -> str:
    return f"data: {line(value)}\n\n"


def model_row(model: Served, created: int) -> dict[str, Any]:
    return {
        "id": model.name, "object": "model", "created": created, "owned_by": "rantau", "title": model.title,
        "kind": model.kind, "digest": model.digest, "language": model.language, "context_length": model.context,
    }  # fmt: skip
