"""The pages. What they show they ask the interface for; here is only the frame."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme

from rantau.web.guard.accounts import sign_in, sign_out
from rantau.web.pages import words
from rantau.web.pages.look import language_of, page, taste_of
from rantau.web.site import current
from rantau.web.talks.rejected import Rejected

KEPT = "public, max-age=31536000, immutable"


def chat(request: HttpRequest, id: UUID | None = None) -> HttpResponse:
    """A talk, or a new one. Whose talk it is the interface checks."""
    return page(request, "chat.html")


def arena(request: HttpRequest) -> HttpResponse:
    return page(request, "arena.html", here="arena")


def settings(request: HttpRequest) -> HttpResponse:
    says = words.catalogue(language_of(taste_of(request)))["settings"]
    themes = [(value, says[f"theme_{value or 'system'}"]) for value in ("", "light", "dark")]
    shown = {
        "languages": words.NAMES.items(),
        "themes": themes,
        "has_password": request.user.has_usable_password(),
    }
    return page(request, "settings.html", here="settings", **shown)


def catalogue(request: HttpRequest, language: str) -> HttpResponse:
    """The words of one language, for scripts."""
    if language not in words.NAMES:
        raise Http404
    told = JsonResponse(words.catalogue(language), json_dumps_params={"ensure_ascii": False})
    told["Cache-Control"] = KEPT if request.GET.get("v") == words.version(language) else "no-cache"
    return told


def login(request: HttpRequest) -> HttpResponse:
    """The form, or back to where the person wanted to go."""
    next_page = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(next_page, allowed_hosts=None) or not next_page.startswith("/"):
        next_page = "/"
    if request.user.is_authenticated and request.method == "GET":
        return HttpResponseRedirect(next_page)
    if request.method != "POST":
        return page(request, "login.html", next=next_page)
    name = request.POST.get("user", "")
    try:
        sign_in(request, name, request.POST.get("password", ""))
    except Rejected as refused:
        told = _refusal(refused)
        return page(request, "login.html", status=refused.status, next=next_page, name=name, error=told)
    return HttpResponseRedirect(next_page)


def _refusal(refused: Rejected) -> str:
    says = words.catalogue(current().interface)
    told: str = says["errors"].get(refused.code, refused.message)
    return f"{told} {says['notice']['wait'].format(n=refused.retry_s)}" if refused.retry_s else told


def logout(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        sign_out(request)
    return HttpResponseRedirect("/login")
