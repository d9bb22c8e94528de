"""Headers of every answer."""

from typing import Any

import pytest
from django.test import Client

from rantau.web.guard.headers import policy


@pytest.mark.parametrize("path", ["/api/me", "/api/nothing", "/nothing", "/login", "/healthz", "/admin/login/"])
def test_every_answer_is_guarded(http_anonymous: Client, path: str) -> None:
    said = http_anonymous.get(path)
    rules = dict(rule.split(" ", 1) for rule in said["Content-Security-Policy"].split("; "))
    assert (rules["default-src"], rules["script-src"], rules["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert (rules["base-uri"], rules["form-action"], rules["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in said["Content-Security-Policy"]
    assert (said["X-Content-Type-Options"], said["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert said["Cross-Origin-Opener-Policy"] == "same-origin" and said["X-Frame-Options"] == "DENY"


def test_markup_as_text_runs_nowhere_but_in_djangos_admin() -> None:
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy("/")
    assert "trusted-types" not in policy("/admin/auth/user/")


def test_answers_of_programs_are_not_kept(http: Client) -> None:
    assert http.get("/api/me")["Cache-Control"] == "no-store"


def test_files_are_kept_for_ever_under_an_address_of_their_content(http_anonymous: Client) -> None:
    from django.templatetags.static import static

    said = http_anonymous.get(static("admin/css/base.css"))
    assert said.status_code == 200 and said.content and "immutable" in said["Cache-Control"]
    assert said["Content-Type"].startswith("text/css") and said["X-Content-Type-Options"] == "nosniff"
    assert http_anonymous.get(static("admin/css/../../../settings.py")).status_code != 200
    assert http_anonymous.get("/static/other/admin/css/base.css").status_code != 200


def test_the_address_of_files_changes_with_them(tmp_path: Any) -> None:
    from rantau.web.static import version

    (tmp_path / "chat.js").write_text("1")
    first = version([tmp_path])
    assert version([tmp_path]) == first
    (tmp_path / "chat.js").write_text("2")
    assert version([tmp_path]) != first
