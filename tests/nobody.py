"""An address at which nobody listens, and nobody can begin to as long as a test needs that."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager


@contextmanager
def nobody_there() -> Iterator[str]:
    """Its port is taken, so that no other server gets it, and refuses all who come."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
