"""Errors in the shape that OpenAI's clients understand."""

from __future__ import annotations

from typing import Any

from rantau.errors import RequestError
from rantau.web.health.counts import count
from rantau.web.http.answers import answer


class Refusal(RequestError):
    """code: for programs; param: the field that is wrong; retry_s: when trying again may help"""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, retry_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param, self.retry_s = status, code, message, param, retry_s


TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
CODES = {
    "too_long": (400, "context_length_exceeded"), "rate_limited": (429, "rate_limit_exceeded"),
    "no_model": (404, "model_not_found"), "not_found": (404, "not_found"),
}  # fmt: skip
"""Codes of ours that have a name of theirs; the others keep status and name."""


def type_of(status: int) -> str:
    return TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")


def body(refusal: Refusal) -> dict[str, Any]:
    return {
        "error": {
            "message": refusal.message, "type": type_of(refusal.status), "param": refusal.param,
            "code": refusal.code,
        }
    }  # fmt: skip


def told(refusal: Refusal) -> Any:
    """The answer with its status, and Retry-After where it helps."""
    count("rejected", refusal.code)
    said = answer(body(refusal), refusal.status)
    if refusal.retry_s is not None:
        said["Retry-After"] = str(refusal.retry_s)
    if refusal.status == 401:
        said["WWW-Authenticate"] = "Bearer"
    return said


def failed(code: str) -> Refusal:
    """What became of an answer that failed. code: as in protocol.End"""
    if code == "too_long":
        return Refusal(400, "context_length_exceeded", "The prompt is longer than the model can take. Shorten it.",
                       param="messages")  # fmt: skip
    return Refusal(500, code or "failed", f"The answer failed ({code or 'no reason was given'}). Try again.")
