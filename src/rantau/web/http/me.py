"""The viewer, the site as the viewer sees it, and whether a model is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token

from rantau.web import broker
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object
from rantau.web.records.models import Preference
from rantau.web.served import served_now
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
    workers = broker.workers()
    return {
        "user": request.user.get_username(),
        "admin": bool(request.user.is_staff),
        "single_user": site.single_user,
        "interface": (taste.interface if taste else "") or site.interface,
        "theme": taste.theme if taste else "",
        "models": [asdict(model) for model in served_now(site, workers)],
        "limits": asdict(site.limits),
        "wish": {**asdict(wish_of(dict(site.wish)))},
        "cannot": list(site.cannot),
        "keep_deleted_days": site.keep_deleted_days,
        "logs": _logs(site) if site.single_user or request.user.is_staff else None,
        "system_prompt": site.system_prompt,
        "language": site.language,
        "ready": ready_json(workers),
        "csrf": get_token(request),
    }


def ready_json(workers: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """state: ready, loading or none; share: of the loading that is done, 0..1; workers: that answer"""
    answering = [said for said in workers if said.get("state") in ("ready", "draining")]
    if answering:
        return {"state": "ready", "share": 1.0, "workers": len(answering)}
    loading = [_share(said) for said in workers]
    return {"state": "loading" if loading else "none", "share": max(loading, default=0.0), "workers": 0}


def _logs(site: Site) -> list[str]:
    """Files in which the workers of this machine say why they do not answer."""
    return [str(path) for path in sorted((Path(site.folder) / "logs").glob("worker-*.log"))]


def _share(said: Mapping[str, str]) -> float:
    try:
        return min(max(float(said.get("share", 0)), 0.0), 1.0)
    except ValueError:
        return 0.0
