"""The page for what went wrong, in the site's language. It asks no database: that may be what is wrong."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.loader import render_to_string

from rantau.web.pages import words
from rantau.web.pages.look import PAGE
from rantau.web.site import current


def failure_page(status: int, code: str) -> HttpResponse:
    """code: of the catalogue's `failure`; another one is told as internal"""
    language = current().interface
    says = words.catalogue(language)
    known = code if code in says["failure"] else "internal"
    shown = {
        "interface": language, "direction": words.direction(language), "theme": "", "words": says, "styles": PAGE,
        "status": status, "headline": says["failure"][known], "advice": says["failure"][f"{known}_text"],
    }  # fmt: skip
    return HttpResponse(render_to_string("failure.html", shown), status=status)
