"""The web process under uvicorn: where it listens, and what it bounds."""

from __future__ import annotations

import socket
from dataclasses import replace

from rantau.errors import RequestError
from rantau.web.guard.connections import PatientProtocol, most_connections
from rantau.web.site import Site

WS_BYTES = 65_536
GRACE_S = 20


def listen(host: str, port: int) -> list[socket.socket]:
    """One socket for each address of the host.

    Raises   RequestError if somebody listens there, or the address is not this machine's
    """
    opened: list[socket.socket] = []
    try:
        for family, kind, proto, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            opened.append(socket.socket(family, kind, proto))
            opened[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened[-1].bind(address)
    except OSError as error:
        for one in opened:
            one.close()
        raise RequestError(
            f"{host} port {port}: {error.strerror or error}. Another program may listen there: take another port."
        ) from error
    return opened


def serve(site: Site, sockets: list[socket.socket]) -> bool:
    """Until it is told to stop. Returns whether it came up."""
    import uvicorn

    most = most_connections()
    usual = PatientProtocol.patience
    PatientProtocol.patience = replace(usual, n_waiting=min(usual.n_waiting, most // 2), n_most=most)
    config = uvicorn.Config(
        "rantau.web.asgi:application", http=PatientProtocol, limit_concurrency=most,
        h11_max_incomplete_event_size=PatientProtocol.patience.head_bytes,
        timeout_keep_alive=int(PatientProtocol.patience.between_s), timeout_graceful_shutdown=GRACE_S,
        ws_max_size=WS_BYTES, ws_ping_interval=20, ws_ping_timeout=20, ws_per_message_deflate=False,
        access_log=False, log_config=None, server_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    try:
        server.run(sockets=sockets)
    finally:
        for one in sockets:
            one.close()
    return bool(server.started)
