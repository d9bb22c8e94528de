"""A stream of events ends with the session that opened it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session

from rantau.serving.protocol import START
from rantau.web.delivery import events
from tests.web.running import Web, asked


@pytest.mark.parametrize("ends", [True, False])
def test_who_signs_out_reads_no_further(site: Any, owner: Any, monkeypatch: Any, ends: bool) -> None:
    monkeypatch.setattr(events, "SESSION_S", 0.05)
    name = str(asked(owner).id)
    cookies = Web(site.port).cookies(owner).encode()
    request: Any = SimpleNamespace(scope={"headers": [(b"cookie", cookies)], "client": ("192.0.2.1", 1)})

    async def read() -> None:
        stream = events._stream(request, owner, name, START)
        assert (await anext(stream)).startswith("retry")
        if ends:
            await sync_to_async(Session.objects.all().delete)()
        async for _ in stream:
            pass

    async def whole() -> None:
        async with asyncio.timeout(60 if ends else 1):
            await read()

    if ends:
        asyncio.run(whole())
    else:
        with pytest.raises(TimeoutError):
            asyncio.run(whole())
