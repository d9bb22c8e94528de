"""Connections that are given up soon when nobody is there, and late when a service still works on a large file."""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from typing import Any

CONNECT_S, ANSWER_S = 30.0, 900.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A body is not sent twice unasked, and a header with a secret never to another host."""

    def redirect_request(self, *args: object, **options: object) -> None:
        return None


class _Plain(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(ANSWER_S)


class _Secure(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(ANSWER_S)


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, request)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Secure, request, context=ssl.create_default_context())


def send(request: urllib.request.Request) -> Any:
    """The answer, to be closed; CONNECT_S to be let in, ANSWER_S for each further step."""
    opener = urllib.request.build_opener(_NoRedirect, _PlainHandler, _SecureHandler)
    return opener.open(request, timeout=CONNECT_S)
