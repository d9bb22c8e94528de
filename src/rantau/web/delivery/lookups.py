"""Lookups in the database for sockets and streams, on threads of their own.

A request's thread opens a connection and closes it again, which is most of what a lookup costs with SQLite. These
threads keep theirs, and a lookup waits for no page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections

N_THREADS = 4
_threads = ThreadPoolExecutor(N_THREADS, thread_name_prefix="lookups")
P = ParamSpec("P")
T = TypeVar("T")


async def look_up(ask: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What `ask` returns. It may be asked twice: it must change nothing, or the same once more."""
    call: Callable[[], T] = partial(_asked, partial(ask, *arguments, **options))
    return await asyncio.get_running_loop().run_in_executor(_threads, call)


def _asked(ask: Callable[[], Any]) -> Any:
    """With a new connection if the database has closed the old one."""
    try:
        return ask()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return ask()
