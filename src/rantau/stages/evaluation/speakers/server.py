"""An OpenAI-compatible server, over plain HTTP: JSON in, JSON out, tried again where that can help."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rantau.errors import MachineError

KEY_VARIABLE = "RANTAU_SERVER_KEY"
ANSWER_S = 900.0  # a long answer behind a long queue
TRIES = 6
MOST_WAIT_S = 30.0
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Refused(MachineError):
    """The server is there and does not give what was asked. status: of HTTP"""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key is never carried to another host."""

    def redirect_request(self, *args: object, **options: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Server:
    """url: root of the server, with or without /v1; pause: how to wait, in seconds"""

    url: str
    pause: Callable[[float], None] = time.sleep

    @property
    def root(self) -> str:
        plain = self.url.rstrip("/")
        return plain if plain.endswith("/v1") else f"{plain}/v1"

    def names(self) -> list[str]:
        """What it says that it serves; empty if it does not say."""
        try:
            found = self.call("models")
        except Refused:
            return []
        try:
            return [str(row["id"]) for row in found["data"]]
        except (KeyError, TypeError) as error:
            raise MachineError(
                f"{self.root}/models: is no list of models ({_short(json.dumps(found))}). "
                "--server takes the root of an OpenAI-compatible server, such as http://127.0.0.1:8000."
            ) from error

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a GET, or with a body to a POST.

        Raises   Refused if the server says no, or fails at it again and again; MachineError if it is not there
        """
        last, status = "", None
        for attempt in range(TRIES):
            try:
                return self._once(path, body)
            except urllib.error.HTTPError as error:
                last, status = f"HTTP {error.code}: {_said(error)}", error.code
                if error.code not in AGAIN:
                    raise Refused(f"{self.root}/{path}: {last}{_advice(error.code)}", error.code) from error
                wait = _asked_to_wait(error)
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                last, status, wait = _reason(error), None, None
            if attempt + 1 < TRIES:
                self.pause(min(2.0**attempt if wait is None else wait, MOST_WAIT_S))
        message = (
            f"{self.root}/{path}: no answer after {TRIES} tries; the last: {last}. Is the server up, and is "
            "--server its address? Run again with the same command: answers that came are kept."
        )
        raise MachineError(message) if status is None else Refused(message, status)

    def _once(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key := os.environ.get(KEY_VARIABLE):
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.root}/{path}", data=data, headers=headers)
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as response:
            found = json.loads(response.read())
        return found if isinstance(found, dict) else {"data": found}


def _said(error: urllib.error.HTTPError) -> str:
    """The server's own words: OpenAI's error.message, FastAPI's detail, or the beginning of the body."""
    text = error.read().decode(errors="replace")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return _short(text) or str(error.reason)
    inner = found.get("error", found) if isinstance(found, dict) else found
    words = inner.get("message") or inner.get("detail") if isinstance(inner, dict) else inner
    return _short(words if isinstance(words, str) else text)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 300 else plain[:297] + "..."


def _advice(status: int) -> str:
    if status in (401, 403):
        return f". Put the server's key into the environment variable {KEY_VARIABLE}."
    if status == 404:
        return ". --server takes the root of an OpenAI-compatible server, such as http://127.0.0.1:8000."
    return ""


def _asked_to_wait(error: urllib.error.HTTPError) -> float | None:
    asked = error.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else None


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return _short(f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__)
