"""Answers of the interface: JSON, and one shape of error."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse

from rantau.web.health.counts import count

PROGRAMS = ("/api/", "/v1/")
"""Under these addresses every answer is JSON, errors too."""


def answer(value: Any, status: int = 200) -> JsonResponse:
    quotes = status >= 400  # an error may quote half a character, which UTF-8 cannot write
    return JsonResponse(value, status=status, json_dumps_params={"ensure_ascii": quotes})


def error(status: int, code: str, message: str, retry_s: int | None = None) -> JsonResponse:
    """{"error": {"code", "message", "retry_s"?}}, with Retry-After where trying again may help."""
    count("rejected", code)
    told: dict[str, Any] = {"code": code, "message": message}
    if retry_s is None:
        return answer({"error": told}, status)
    said = answer({"error": {**told, "retry_s": retry_s}}, status)
    said["Retry-After"] = str(retry_s)
    return said
