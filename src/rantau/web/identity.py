"""Which chat this is: its database's name, by which it is told from another one on the same broker."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from rantau.files import sha256_text
from rantau.serving.queue import BrokerLost, check_server, connect, move_in
from rantau.web.site import Site

ID_CHARS = 12
PATIENCE_S = 3.0


@cache
def chat_id() -> str:
    """The same for all processes of a chat, wherever they run: of the moment in which its database was made."""
    from django.db.migrations.recorder import MigrationRecorder

    first = MigrationRecorder.Migration.objects.filter(app="records").order_by("id").first()
    return sha256_text(f"{first.name} {first.applied.isoformat()}")[:ID_CHARS]


def settle(client: Any, site: Site) -> None:
    """Raises   RequestError if the broker is another chat's, too old, or lets us not in; BrokerLost"""
    check_server(client)
    move_in(client, chat_id(), [model.name for model in site.models])


def settle_soon(site: Site) -> bool:
    """The same, while the broker may be starting.

    Returns  False if it did not answer: pages say so, and the finalizer, which waits for it, asks again
    Raises   RequestError
    """
    client, until = connect(site.broker, retries=0, timeout_s=1.0), time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < until:
            try:
                settle(client, site)
                return True
            except BrokerLost:
                time.sleep(0.1)
        return False
    finally:
        client.close()
