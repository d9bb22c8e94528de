"""The viewer, the site as the viewer sees it, and whether a model is ready."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token

from rantau.serving.queue import BrokerLost
from rantau.web import broker
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object
from rantau.web.records.models import Preference
from rantau.web.site import Site, current
from rantau.web.talks.jobs import wish_of
from rantau.web.talks.rejected import Rejected

CHOICES = {"interface": ("", "en", "id", "ko"), "theme": ("", "light", "dark")}


def show(request: HttpRequest) -> JsonResponse:
    return answer(me_json(request))


def change(request: HttpRequest) -> JsonResponse:
    """{interface?, theme?}; empty = as the site and the device say"""
    wanted = only(read_object(request), *CHOICES)
    for name, value in wanted.items():
        if value not in CHOICES[name]:
            raise Rejected("bad_request", f"{name} must be one of {', '.join(CHOICES[name][1:])}, or empty.")
    Preference.objects.update_or_create(user_id=request.user.pk, defaults=wanted)
    return answer(me_json(request))


def me_json(request: HttpRequest) -> dict[str, Any]:
    site, taste = current(), Preference.objects.filter(user=request.user.pk).first()
    return {
        "user": request.user.get_username(),
        "admin": bool(request.user.is_staff),
        "single_user": site.single_user,
        "interface": (taste.interface if taste else "") or site.interface,
        "theme": taste.theme if taste else "",
        "models": [asdict(model) for model in site.models],
        "limits": asdict(site.limits),
        "wish": {**asdict(wish_of(dict(site.wish)))},
        "cannot": list(site.cannot),
        "system_prompt": site.system_prompt,
        "language": site.language,
        "ready": ready_json(site),
        "csrf": get_token(request),
    }


def ready_json(site: Site) -> dict[str, Any]:
    """state: ready, loading or none; share: of the loading that is done, 0..1; workers: that answer"""
    try:
        found = [said for said in broker.presence().all().values() if said.get("pool", site.pool) == site.pool]
    except BrokerLost:
        found = []
    answering = [said for said in found if said.get("state") in ("ready", "draining")]
    if answering:
        return {"state": "ready", "share": 1.0, "workers": len(answering)}
    loading = [_share(said) for said in found]
    return {"state": "loading" if loading else "none", "share": max(loading, default=0.0), "workers": 0}


def _share(said: dict[str, str]) -> float:
    try:
        return min(max(float(said.get("share", 0)), 0.0), 1.0)
    except ValueError:
        return 0.0
