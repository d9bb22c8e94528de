"""Fixtures of the web room: a site with empty database and broker, people, and a worker that is played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.web import house  # sets Django up: before anything of it is imported

from django.conf import settings  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import setup_test_environment  # isort: skip

from rantau.serving.broker import Broker, broker
from rantau.serving.queue import Finals, connect
from rantau.web.site import Site
from tests.web.playing import Player
from tests.web.running import Web, web_process

PASSWORD = "kata-sandi-7"


@pytest.fixture(scope="session")
def web_server() -> Iterator[Broker]:
    """The broker of all web tests. `site` empties it."""
    setup_test_environment(debug=False)
    house.make_template()
    with broker(house.FOLDER / "broker") as started:
        assert started.url == house.SITE.broker, "the folder for tests has too long a path"
        yield started


@pytest.fixture(scope="session")
def web(web_server: Broker) -> Iterator[Web]:
    """A real web process, on the same database and broker."""
    with web_process() as started:
        yield started


@pytest.fixture
def site(web_server: Broker) -> Iterator[Site]:
    """The site, fresh: nobody in its database, nothing in its broker."""
    house.empty_database()
    client = connect(web_server.url)
    client.flushall()
    client.close()
    settings.SITE = house.SITE
    yield house.SITE
    settings.SITE = house.SITE
    from django.db import connections

    connections.close_all()


@pytest.fixture
def site_with(site: Site) -> Callable[..., Site]:
    """Changes fields of the site for this test: site_with(single_user=True)."""

    def change(**fields: Any) -> Site:
        settings.SITE = replace(settings.SITE, **fields)
        return settings.SITE  # type: ignore[no-any-return]

    return change


@pytest.fixture
def queue(site: Site) -> Iterator[Any]:
    """A client of the broker."""
    client = connect(site.broker)
    yield client
    client.close()


def account(name: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create_user(name, password=PASSWORD)


@pytest.fixture
def owner(site: Site) -> Any:
    """A person with an account."""
    return account("ana")


@pytest.fixture
def stranger(site: Site) -> Any:
    """Another one."""
    return account("budi")


def _signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def http(owner: Any) -> Client:
    """A test client in which `owner` is signed in. It asks as a page does: JSON, no token needed."""
    return _signed_in(owner)


@pytest.fixture
def http_stranger(stranger: Any) -> Client:
    return _signed_in(stranger)


@pytest.fixture
def http_anonymous(site: Site) -> Client:
    return Client()


@pytest.fixture
def player(queue: Any) -> Player:
    """A worker whose words the test says."""
    return Player(queue)


@pytest.fixture
def finished(player: Player) -> Callable[..., Any]:
    """The played worker answers a message, the finalizer keeps it: finished(message, "Halo.", reason="length")."""

    def finish(message: Any, *texts: str, reason: Any = "eos") -> Any:
        from rantau.web.upkeep.finalizer import keep

        generation = message.generations.order_by("requeues").last()
        player.say(str(generation.id), *(texts or ("Halo", ".")))
        player.end(str(generation.id), reason)
        finals = Finals(player.client, "test")
        finals.prepare()
        keep(finals, player.client)
        message.refresh_from_db()
        return message

    return finish
