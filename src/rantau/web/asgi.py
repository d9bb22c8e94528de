"""What uvicorn runs: pages and API over HTTP, answers over a WebSocket."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from rantau.web.database import pool_connections
from rantau.web.guard.bodies import limited

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rantau.web.settings")
_http = limited(get_asgi_application())
pool_connections()
get_resolver().url_patterns  # noqa: B018  # what cannot be loaded is seen now, not by the first person


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "http":
            await _http(scope, receive, send)
        case "websocket":
            from rantau.web.delivery.socket import application as socket

            await socket(scope, receive, send)
        case "lifespan":
            await _live(receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        told = await receive()
        await send({"type": f"{told['type']}.complete"})
        if told["type"] == "lifespan.shutdown":
            return
