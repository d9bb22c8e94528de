"""The chat for a real browser: a web process, a broker, a worker whose answers are written, the finalizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rantau.serving.broker import Broker
from rantau.web.site import Site
from tests.browser import FOUND, Browser, browser
from tests.web.pages.chat import Chat
from tests.web.pages.teller import Teller
from tests.web.running import Web, keeping, web_process, working


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
    with working(web_server, engine), keeping(web_server.url):  # type: ignore[arg-type]
        yield engine
        engine.held, engine.late = None, ""  # a worker ends what it has before it goes


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
