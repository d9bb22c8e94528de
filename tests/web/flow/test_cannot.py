"""What the engine of the site does not grant is not asked for: a comparison with one seed is not refused."""

from typing import Any

from rantau.serving.protocol import Wish


def test_a_wish_that_the_engine_cannot_grant_is_not_made(site_with: Any, owner: Any) -> None:
    from rantau.web.records.models import Talk
    from rantau.web.talks.jobs import wish_fields

    site = site_with(wish={"repetition_penalty": 1.1, "top_k": 40}, cannot=("repetition_penalty", "seed"))
    talk = Talk.objects.create(owner=owner, mode="compare", wish={"temperature": 0.5})
    fields = wish_fields(site, talk, site.models[0], seed=5)
    assert (fields["repetition_penalty"], fields["seed"]) == (Wish().repetition_penalty, None)
    assert (fields["top_k"], fields["temperature"]) == (40, 0.5)
