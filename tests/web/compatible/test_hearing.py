"""What becomes of an answer whose program can no longer be told the end of it."""

import asyncio
from typing import Any

import pytest

from rantau.web.compatible.completions import Hearing
from rantau.web.compatible.errors import Refusal
from rantau.web.delivery.lookups import look_up
from rantau.web.records.models import Generation
from rantau.web.upkeep.requeue import requeue
from tests.web.playing import Player
from tests.web.running import asked


def test_what_is_asked_anew_in_the_middle_is_not_answered_for_nobody(
    owner: Any, player: Player, queue: Any
) -> None:
    generation = Generation.objects.select_related("owner").get(id=asked(owner).id)
    player.say(str(generation.id), "Se")

    async def hear() -> None:
        hearing = Hearing(generation, kept=False)
        try:
            async for _ in hearing.pieces():
                queue.flushall()  # the broker loses all its data
                await look_up(requeue, generation)
        finally:
            await hearing.close()

    with pytest.raises(Refusal, match="Send the request again"):
        asyncio.run(hear())
    assert Generation.objects.get(requeues=1).state == "stopping"
