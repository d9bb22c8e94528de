"""Models as they are now: what workers took up since the site began is told by its own digest."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from rantau.serving.queue import Presence
from rantau.web.records.revisions import revisions
from rantau.web.site import Site
from rantau.web.talks.submit import go_on, submit
from tests.web.running import asked


def says(queue: Any, name: str, models: str, digests: str, pool: str = "main") -> None:
    Presence(queue).say(name, {"pool": pool, "state": "ready", "models": models, "digests": digests})


def shown(http: Client) -> list[str]:
    return [model["digest"] for model in http.get("/api/me").json()["models"]]


def test_a_new_revision_is_told(http: Client, queue: Any) -> None:
    assert shown(http) == ["sha256:aa", "sha256:bb"]
    says(queue, "old", "demo,demo-base", "sha256:aa,sha256:bb")
    says(queue, "other", "demo", "sha256:zz", pool="another")
    assert shown(http) == ["sha256:aa", "sha256:bb"]
    says(queue, "w", "demo,demo-base", "sha256:new,")
    assert shown(http) == ["sha256:new", "sha256:bb"]


def test_the_administration_lists_it_as_served(owner: Any, queue: Any, finished: Callable[..., Any]) -> None:
    finished(asked(owner).message)
    says(queue, "w", "demo", "sha256:new")
    found = {(r.name, r.digest): (r.served, r.n_answers) for r in revisions()}
    assert found[("demo", "sha256:new")] == (True, 0) and found[("demo", "sha256:aa")] == (False, 1)


def test_an_answer_is_continued_by_the_weights_that_wrote_it(
    owner: Any, queue: Any, site: Site, finished: Callable[..., Any]
) -> None:
    import pytest

    from rantau.web.talks.rejected import Rejected

    answer = finished(asked(owner).message, "Halo", reason="length")
    says(queue, "w", "demo", "sha256:new")
    with pytest.raises(Rejected, match="is gone"):
        go_on(owner, answer, client_id="c1")
    answer.digest = "sha256:new"
    answer.save()
    assert go_on(owner, answer, client_id="c2").new
    assert submit(owner, answer.talk, text="lagi", client_id="c3", parent=None).new
