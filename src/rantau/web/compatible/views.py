"""The addresses that OpenAI's clients know. A key opens them, no cookie does; other sites' pages may not ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from rantau.serving.queue import BrokerLost
from rantau.web import broker
from rantau.web.compatible.asking import ask
from rantau.web.compatible.completions import Hearing, chunks, whole
from rantau.web.compatible.errors import Refusal, told
from rantau.web.compatible.keys import key_of
from rantau.web.compatible.requests import request_of
from rantau.web.compatible.shapes import model_row
from rantau.web.http.answers import answer
from rantau.web.served import served_now
from rantau.web.site import Served, current

STARTED = int(time.time())
View = Callable[..., Awaitable[HttpResponseBase]]


def _endpoint(method: str | None) -> Callable[[View], Any]:
    """Of one method, or of all; what it refuses has OpenAI's shape."""

    def made(view: View) -> Any:
        @wraps(view)
        async def asked(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            try:
                if method not in (None, request.method):
                    raise Refusal(405, "method_not_allowed", f"{request.method}: not here. Use {method}.")
                return await view(request, **parts)
            except Refusal as refusal:
                return told(refusal)
            except (OperationalError, BrokerLost):
                return told(Refusal(503, "unavailable", "The data cannot be reached now. Try again.", retry_s=5))

        return csrf_exempt(login_not_required(asked))

    return made


async def _key(request: HttpRequest, scope: str) -> Any:
    return await database_sync_to_async(key_of)(request.headers.get("Authorization"), scope)


async def _served() -> tuple[Served, ...]:
    workers = await sync_to_async(broker.workers, thread_sensitive=False)()
    return served_now(current(), workers)


@_endpoint("GET")
async def models(request: HttpRequest) -> HttpResponseBase:
    await _key(request, "models")
    return answer({"object": "list", "data": [model_row(m, STARTED) for m in await _served()]})


@_endpoint("GET")
async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    await _key(request, "models")
    found = next((m for m in await _served() if m.name == name), None)
    if found is None:
        raise Refusal(404, "model_not_found", f"{name!r} is not served here.", param="model")
    return answer(model_row(found, STARTED))


@_endpoint("POST")
async def completions(request: HttpRequest) -> HttpResponseBase:
    key = await _key(request, "chat")
    wanted = request_of(request.body, current())
    idempotency = request.headers.get("Idempotency-Key")
    kept = idempotency is not None
    asking = asyncio.ensure_future(database_sync_to_async(ask)(key, wanted, idempotency))
    try:
        generation = await asyncio.shield(asking)
    except asyncio.CancelledError:  # who hangs up while the prompt is accepted stops it too
        with suppress(Refusal):
            await Hearing(await asking, kept=kept).close()
        raise
    if not wanted.stream:
        return answer(await whole(generation, kept=kept))
    said = StreamingHttpResponse(
        chunks(generation, kept=kept, usage=wanted.usage), content_type="text/event-stream; charset=utf-8"
    )
    said["X-Accel-Buffering"] = "no"
    return said


@_endpoint(None)
async def nothing(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    raise Refusal(404, "not_found", f"/v1/{rest}: not here. There are: /v1/models, /v1/chat/completions.")
