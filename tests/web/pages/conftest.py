"""The chat for a real browser: a web process, a broker, a worker whose answers are written, the finalizer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rantau.serving.broker import Broker
from rantau.serving.queue import Claims, connect
from rantau.serving.worker import Pace, Worker
from rantau.web.site import Site
from tests.browser import FOUND, Browser, browser
from tests.web.pages.chat import Chat
from tests.web.pages.teller import Teller
from tests.web.running import Web, keeping, web_process

PATIENT_MS = 30_000
"""On a busy machine a browser leaves little for the worker: its silence means nothing here."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if FOUND is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with browser() as found:
        yield found


@pytest.fixture(scope="package")
def pages_web(web_server: Broker) -> Iterator[Web]:
    with web_process() as started:
        yield started


@pytest.fixture
def teller(site: Site, web_server: Broker) -> Iterator[Teller]:
    """The engine of a worker that works."""
    engine = Teller()
    claims, beats = (Claims(connect(web_server.url), "w1", idle_ms=PATIENT_MS) for _ in range(2))
    worker = Worker(claims, beats, engine, Pace(wait_ms=20, write_s=0.0))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    with keeping(web_server.url):
        yield engine
        engine.held, engine.late, engine.pause_s = None, "", 0.0  # a worker ends what it has before it goes
        worker.stopping.set()
        thread.join(60)


@pytest.fixture
def open_chat(chromium: Browser, pages_web: Web, site: Site) -> Callable[..., Any]:
    """with open_chat(user) as chat: a tab in which this person is signed in; None = nobody is.

    apart: in a profile of its own, beside another person's tab
    """

    @contextmanager
    def open_(user: Any = None, *, language: str = "en", width: int = 1280, apart: bool = False) -> Iterator[Chat]:
        with chromium.fresh(pages_web.url) if apart else _tab(chromium, pages_web.url) as page:
            page.look(width=width)
            page.send("Network.clearBrowserCookies")
            if user is not None:
                _prefers(user, language)
                page.cookie(pages_web.cookies(user))
            yield Chat(page)

    return open_


@contextmanager
def _tab(chromium: Browser, home: str) -> Iterator[Browser]:
    page = chromium.tab(home)
    try:
        yield page
    finally:
        page.close()


@pytest.fixture
def chat(open_chat: Callable[..., Any], teller: Teller, owner: Any) -> Iterator[Chat]:
    """The chat of `owner`, at a new talk; at the end nothing may have been complained of."""
    with open_chat(owner) as opened:
        opened.begin()
        yield opened
        assert opened.page.errors == opened.expected


def _prefers(user: Any, language: str) -> None:
    from rantau.web.records.models import Preference

    Preference.objects.update_or_create(user=user, defaults={"interface": language})
