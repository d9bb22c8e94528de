"""How a page looks to whoever asks for it: its language, its theme, its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from rantau.web.pages import words
from rantau.web.records.models import Preference
from rantau.web.site import current

COMMON = ("style/tokens.css", "style/base.css")
CHAT = (*COMMON, "style/shell.css", "style/conversation.css", "style/compose.css")
PAGE = (*COMMON, "style/shell.css", "style/conversation.css", "style/pages.css")


STATIC = Path(__file__).parent / "static"
MODULES = tuple(
    p.relative_to(STATIC).as_posix()
    for p in sorted((STATIC / "script").glob("*/*.js"))
    if p.parent.name not in ("arena", "settings")
)
"""What the chat's script imports: fetched at once, not one import after another."""


def page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A template in the viewer's language and theme. It is never kept: it carries the form's token."""
    taste = taste_of(request)
    language = language_of(taste)
    shown = {
        "interface": language,
        "direction": words.direction(language),
        "theme": taste.theme if taste else "",
        "words": words.catalogue(language),
        "words_address": words.address(language),
        "answers": words.tag(current().language),
        "single_user": current().single_user,
        "modules": MODULES if template == "chat.html" else (),
        "styles": CHAT if template == "chat.html" else PAGE,
    }
    made = HttpResponse(render_to_string(template, shown | context, request), status=status)
    made["Cache-Control"] = "no-store"
    return made


def language_of(taste: Preference | None) -> str:
    return taste.interface if taste and taste.interface in words.NAMES else current().interface


def taste_of(request: HttpRequest) -> Preference | None:
    """What the viewer has chosen; None if nobody is signed in or nothing was chosen."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    found: Preference | None = Preference.objects.filter(user_id=user.pk).first()
    return found
