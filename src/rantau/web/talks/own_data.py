"""What a person has here: all of it as one file, and all of it gone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from rantau.web.guard.viewer import LOCAL
from rantau.web.records.models import ApiKey, Feedback, Generation, Preference, Share, Talk, Vote
from rantau.web.records.models.talks import OPEN
from rantau.web.talks.export import as_json
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.stopping import stop

FORMAT, VERSION = "rantau.person", 1


def everything(person: Any) -> dict[str, Any]:
    """Talks with all branches, those of programs and deleted ones too; votes and opinions stand at their messages.

    Links and keys are named without what opens them. A blind round without a vote keeps its secret
    """
    talks = Talk.objects.filter(owner=person).order_by("created")
    taste = Preference.objects.filter(user=person).first()
    return {
        "format": FORMAT, "version": VERSION,
        "account": {"name": person.get_username(), "email": person.email, "joined": _time(person.date_joined),
                    "last_login": _time(person.last_login)},
        "preference": {"interface": taste.interface, "theme": taste.theme} if taste else None,
        "keys": [_key(key) for key in ApiKey.objects.filter(owner=person).order_by("created")],
        "shares": [_share(share) for share in Share.objects.filter(talk__owner=person).order_by("created")],
        "talks": [{**as_json(talk, person), "origin": talk.origin} for talk in talks],
        "votes": [_vote(vote) for vote in Vote.objects.filter(voter=person).order_by("created")],
    }  # fmt: skip


def erase_content(person: Any) -> int:
    """Talks with all that hangs on them, votes and opinions; answers that are being written end first.

    Returns  how many talks
    """
    for name in Generation.objects.filter(owner=person, state__in=OPEN).values_list("id", flat=True):
        stop(person, name)
    with transaction.atomic():
        Vote.objects.filter(voter=person).delete()
        Feedback.objects.filter(user=person).delete()
        talks = Talk.objects.filter(owner=person)
        n: int = talks.count()
        talks.delete()
    return n


def erase_account(person: Any, password: object) -> None:
    """Content and account. The one person of a chat without accounts stays, with nothing.

    Raises   Rejected bad_login for a wrong password, last_admin
    """
    if person.get_username() != LOCAL:
        if person.has_usable_password() and not (isinstance(password, str) and person.check_password(password)):
            raise Rejected("bad_login", "Say your password to erase your account.", 403)
        _refuse_last_admin(person)
    erase_content(person)
    if person.get_username() != LOCAL:
        person.delete()


def _refuse_last_admin(person: Any) -> None:
    admins = get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(username=LOCAL)
    if person.is_superuser and not admins.exclude(pk=person.pk).exists():
        raise Rejected("last_admin", "You are the only administrator. Name another one first.", 409)


def _time(value: Any) -> str | None:
    return value.isoformat() if value else None


def _key(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "prefix": key.prefix, "scopes": key.scopes, "created": _time(key.created),
            "used": _time(key.used), "revoked": _time(key.revoked)}  # fmt: skip


def _share(share: Share) -> dict[str, Any]:
    return {"talk": str(share.talk_id), "created": _time(share.created), "expires": _time(share.expires),
            "revoked": _time(share.revoked), "snapshot": share.snapshot}  # fmt: skip


def _vote(vote: Vote) -> dict[str, Any]:
    return {"battle": str(vote.battle_id), "choice": vote.choice, "reasons": vote.reasons,
            "dwell_ms": vote.dwell_ms, "language": vote.language, "created": _time(vote.created)}  # fmt: skip
