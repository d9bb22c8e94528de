"""Files of the pages, from memory and disk; their address changes with their content, so browsers keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


def version(folders: Iterable[Path]) -> str:
    """12 hex digits that change when a file does; Django's version too, since it brings files of its own."""
    import django

    digest = hashlib.sha256(django.get_version().encode())
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


class StaticFiles(WhiteNoiseMiddleware):
    """Sync and async; a file is sent whole, since Django would read a stream of it in the event loop."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        file = self.files.get(request.path_info)
        if file is None:
            return self.get_response(request)
        answer = self.serve(file, request)
        return _soon(answer) if iscoroutinefunction(self) else answer

    def immutable_file_test(self, path: str, url: str) -> bool:
        return bool(url.startswith(self.static_prefix))

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as handle:
                body = handle.read()
        answer = HttpResponse(body, status=int(found.status))
        del answer["content-type"]
        for name, value in found.headers:
            answer[name] = value
        return answer


async def _soon(answer: HttpResponse) -> HttpResponse:
    return answer
