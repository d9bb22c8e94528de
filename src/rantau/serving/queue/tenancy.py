"""Tenancy: a broker's database is one chat's alone. Two would take each other's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rantau.errors import RequestError
from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost

WAY_OUT = (
    "Give each chat a database of the broker (redis://HOST:6379/1, /2 ...) or a broker of its own. If the other "
    f"chat is gone, forget it: DEL '{keys.chat()}', or remove the folder `broker` where rantau serve made it."
)


def move_in(client: Any, chat: str, models: Sequence[str]) -> None:
    """Notes whose broker it is, again each time: one that has lost its data is as new.

    chat     the name of the chat, the same for all its processes
    models   that it asks for
    Raises   RequestError if it is another chat's; BrokerLost
    """
    with told_as_lost():
        client.hsetnx(keys.chat(), "id", chat)
        owner = client.hget(keys.chat(), "id")
        if owner == chat:
            client.hset(keys.chat(), "models", ",".join(models))
            return
        others = client.hget(keys.chat(), "models")
    raise RequestError(f"this broker is of chat {owner} ({others}), and this is chat {chat}. {WAY_OUT}")


def tenant(client: Any) -> str:
    """The name of the chat whose broker it is; "" before one has moved in. Raises   BrokerLost"""
    with told_as_lost():
        return client.hget(keys.chat(), "id") or ""


def check_tenant(client: Any, models: Sequence[str], chat: str = "") -> None:
    """Before a worker claims anything.

    models   that it answers as
    chat     that it is to answer; "" = any that asks for one of them
    Raises   RequestError if the broker is another chat's; BrokerLost
    """
    with told_as_lost():
        owner, asked = client.hmget(keys.chat(), "id", "models")
    if owner is None:  # nobody has moved in yet
        return
    if chat and owner != chat:
        raise RequestError(
            f"this broker is of chat {owner} ({asked}), not of chat {chat}. Mend --redis or --chat."
        )
    if models and asked and not set(models) & set(asked.split(",")):
        raise RequestError(
            f"this broker is of chat {owner}, which asks for {asked}, never for {', '.join(models)}. Mend "
            "--redis; or if the chat is to serve this run too, start the chat anew with it before its workers."
        )
