"""No page takes a file: every address and method is sent one, and it is nowhere afterwards."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import FileField
from django.http import multipartparser
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.web import house
from tests.web.guard.test_ownership import METHODS, addresses, filled, ids

__all__ = ["ids"]
CANARY, TOKEN = b"isi-berkas-7f3a", "a" * 32
FREE = (
    "api/logout",
    "restore",
    "/share",
    "api/battles",
    "api/keys/",
    "feedback",
    "login",
    "logout",
    "api/talks/<uuid:id>",
)
"""Addresses that do something without reading what was sent."""


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many files each form had that was read."""
    found: list[int] = []
    parse = multipartparser.MultiPartParser.parse

    def counted(self: Any) -> Any:
        fields, files = parse(self)
        found.append(len(files))
        return fields, files

    monkeypatch.setattr(multipartparser.MultiPartParser, "parse", counted)
    yield found


def body() -> bytes:
    file = SimpleUploadedFile("a.html", CANARY, "text/html")
    fields = {"file": file, "text": "halo", "client_id": "x", "mode": "single", "title": "x", "user": "ana",
              "csrfmiddlewaretoken": TOKEN}  # fmt: skip
    return encode_multipart(BOUNDARY, fields)


@pytest.mark.parametrize("checked", [False, True])
def test_a_file_is_nowhere(ids: Any, owner: Any, parsed: list[int], checked: bool, tmp_path: Path,
                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = Client(enforce_csrf_checks=checked)
    for pattern in addresses():
        route = str(pattern.pattern)
        for path in filled(route, ids):
            for method in METHODS[1:]:
                client.force_login(owner)
                client.cookies[settings.CSRF_COOKIE_NAME] = TOKEN  # so that the form is looked at
                said = client.generic(method, path, body(), content_type=MULTIPART_CONTENT)
                assert CANARY not in said.getvalue(), (method, path)
                done = said.status_code < 400
                assert not done or any(part in route for part in FREE), (method, path, said.status_code)
                assert said.status_code < 500, (method, path, said.status_code)
    assert not any(parsed) and (not checked or parsed), parsed  # Django itself looks for a token in what was sent
    assert CANARY.decode() not in "".join(sqlite3.connect(house.DATABASE).iterdump())
    assert list(tmp_path.iterdir()) == []


def test_the_administration_takes_none_either(owner: Any, parsed: list[int]) -> None:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    file = SimpleUploadedFile("a.html", CANARY, "text/html")
    assert client.post("/admin/auth/user/add/", {"username": file, "password1": file}).status_code < 500
    assert parsed == [0]


def test_nothing_can_keep_a_file() -> None:
    assert settings.FILE_UPLOAD_HANDLERS == [] and not settings.MEDIA_ROOT
    fields = [field for model in apps.get_models() for field in model._meta.get_fields()]
    assert len(fields) > 50 and not [field for field in fields if isinstance(field, FileField)]
