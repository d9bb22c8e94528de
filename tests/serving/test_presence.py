"""Presence: who is there, found without a look at every key of the broker."""

from typing import Any

from rantau.serving.queue import Presence, keys

FACTS = {"pool": "main", "state": "ready", "slots": 4, "share": 0.5}


def test_what_a_worker_said_last_stands(client: Any) -> None:
    presence = Presence(client)
    presence.say("w2", {**FACTS, "state": "loading"})
    presence.say("w1", FACTS)
    presence.say("w2", FACTS)
    said = {name: str(fact) for name, fact in FACTS.items()}
    assert presence.all() == {"w1": said, "w2": said} and list(presence.all()) == ["w1", "w2"]
    presence.leave("w1")
    assert list(presence.all()) == ["w2"]


def test_who_is_silent_is_not_there_and_its_name_is_forgotten(client: Any) -> None:
    presence = Presence(client)
    presence.say("gone", FACTS)
    presence.say("there", FACTS)
    assert 0 < client.ttl(keys.worker("gone")) <= 10
    client.delete(keys.worker("gone"))  # as its time does
    assert list(presence.all()) == ["there"]
    client.zadd(keys.workers(), {"gone": 1})
    presence.say("there", FACTS)
    assert client.zrange(keys.workers(), 0, -1) == ["there"]


def test_it_asks_as_much_among_many_prompts(client: Any) -> None:
    Presence(client).say("w1", FACTS)

    def calls() -> int:
        return sum(row["calls"] for row in client.info("commandstats").values())

    def asked() -> int:
        before = calls()
        assert list(Presence(client).all()) == ["w1"]
        return calls() - before

    few = asked()
    with client.pipeline() as pipe:
        for number in range(3000):
            pipe.set(keys.idempotency("ana", str(number)), "g")
        pipe.execute()
    assert asked() == few
