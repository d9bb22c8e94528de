"""Retention: how long talks are kept is the site's to say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from rantau.web.records.models import Generation, Message, Talk
from rantau.web.upkeep import retention
from rantau.web.upkeep.retention import forget


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the clock on: later(days=3). Every process of the site would see the same."""
    begin = timezone.now()

    def set_on(**by: float) -> None:
        now: datetime = begin + timedelta(**by)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return set_on


def titles(*, deleted: bool = False) -> set[str]:
    return {talk.title for talk in Talk.objects.filter(deleted__isnull=not deleted)}


@pytest.mark.parametrize("days", [0, 3, 30])
def test_a_deleted_talk_goes_for_good_after_the_days_that_the_site_says(
    owner: Any, site_with: Any, later: Any, days: int
) -> None:
    site_with(keep_deleted_days=days)
    now = timezone.now()
    Talk.objects.create(owner=owner, title="here")
    talk = Talk.objects.create(owner=owner, title="gone", deleted=now)
    Message.objects.create(talk=talk, author=owner, role="user", text="rahasia")
    later(days=days, minutes=-1)
    assert forget() == 0 and Talk.objects.count() == 2
    later(days=days, minutes=1)
    assert forget() == 1 and titles() == {"here"} and not Message.objects.exists()


def test_as_long_as_the_site_says_nothing_only_deleted_talks_go(owner: Any, later: Any, site: Any) -> None:
    assert (site.keep_days, site.keep_deleted_days) == (0, 30)
    Talk.objects.create(owner=owner, title="old")
    Talk.objects.create(owner=owner, title="gone", deleted=timezone.now())
    later(days=36_500)
    assert forget() == 1 and titles() == {"old"}


def test_a_talk_that_nobody_uses_is_deleted_and_can_be_brought_back(
    page: Any, site_with: Any, later: Any, asked: Any, owner: Any
) -> None:
    site_with(keep_days=10, keep_deleted_days=5)
    old = Talk.objects.create(owner=owner, title="old")
    Talk.objects.create(owner=owner, title="program", origin="api")
    asked("waits")
    used = Talk.objects.create(owner=owner, title="used")
    later(days=9)
    Talk.objects.create(owner=owner, title="fresh", updated=timezone.now())
    Message.objects.create(talk=used, author=owner, role="assistant", state="done", created=timezone.now())
    later(days=11)
    assert forget() == 0
    assert titles() == {"fresh", "used", "waits"} and titles(deleted=True) == {"old", "program"}
    assert page("POST", f"/api/talks/{old.id}/restore", {})[0] == 200
    forget()
    assert "old" in titles()  # whoever brings it back uses it
    Generation.objects.update(state="done")
    Message.objects.filter(role="assistant").update(state="done")
    later(days=17)
    assert forget() == 1 and not Talk.objects.filter(title="program").exists()
    assert titles() == {"fresh", "used", "old"}


def test_many_talks_go_in_small_steps(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    long_ago = timezone.now() - timedelta(days=31)
    Talk.objects.bulk_create([Talk(owner=owner, deleted=long_ago) for _ in range(10)])
    assert forget() == 10 and forget() == 0
