"""Submitting: committed, admitted, answered once; what is refused is told and kept."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from rantau.web.records.models import Battle, Generation, Message, Talk
from rantau.web.site import Site, SiteLimits
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.submit import go_on, regenerate, submit
from tests.web.playing import Player


def talk_of(owner: Any, **fields: Any) -> Talk:
    return Talk.objects.create(owner=owner, **fields)


def ask(owner: Any, talk: Talk, text: str = "Apa kabar?", client_id: str = "c1", **options: Any) -> Any:
    return submit(owner, talk, text=text, client_id=client_id, **{"parent": None, **options})


def test_a_prompt_is_kept_and_reaches_the_worker(owner: Any, player: Player) -> None:
    talk = talk_of(owner, system_prompt="Jawab singkat.")
    made = ask(owner, talk)
    assert made.new and [a.state for a in made.answers] == ["queued"]
    (job,) = player.take()
    generation = Generation.objects.get()
    assert (job.generation, job.owner, job.model) == (str(generation.id), str(owner.pk), "demo")
    assert [dict(m) for m in job.messages] == [
        {"role": "system", "content": "Jawab singkat."},
        {"role": "user", "content": "Apa kabar?"},
    ]
    assert generation.admitted is not None
    assert Talk.objects.get().title == "Apa kabar?"


def test_the_same_client_id_is_one_message(owner: Any, player: Player) -> None:
    talk = talk_of(owner)
    first, second = ask(owner, talk), ask(owner, talk, "something else")
    assert (second.message, second.answers, second.new) == (first.message, first.answers, False)
    assert len(player.take()) == 1


def test_many_threads_that_send_one_message_make_one(owner: Any, player: Player) -> None:
    talk, found, errors = talk_of(owner), [], []

    def send() -> None:
        try:
            found.append(ask(owner, talk))
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({s.message.id for s in found}) == 1 and [s.new for s in found].count(True) == 1
    assert Message.objects.count() == 2 and len(player.take()) == 1


def test_an_answer_follows_its_path(owner: Any, player: Player, finished: Callable[..., Any]) -> None:
    talk = talk_of(owner)
    answer = finished(ask(owner, talk, "satu").answers[0], "A", "B")
    assert (answer.text, answer.tokens, answer.state) == ("AB", [1, 2], "done")
    ask(owner, talk, "dua", "c2", parent=answer.id)
    assert [m["content"] for m in player.take()[0].messages] == ["satu", "AB", "dua"]


def test_a_question_waits_for_the_answer_before(owner: Any, site: Site) -> None:
    talk = talk_of(owner)
    first = ask(owner, talk)
    with pytest.raises(Rejected) as told:
        ask(owner, talk, client_id="c2", parent=first.answers[0].id)
    assert (told.value.code, told.value.status) == ("unfinished", 409)


def test_a_question_follows_no_message_of_another_talk(owner: Any, finished: Callable[..., Any]) -> None:
    answer = finished(ask(owner, talk_of(owner)).answers[0])
    with pytest.raises(Rejected) as told:
        ask(owner, talk_of(owner), client_id="c2", parent=answer.id)
    assert told.value.code == "not_found"
    with pytest.raises(Rejected) as told:
        ask(owner, answer.talk, client_id="c3", parent=answer.parent_id)
    assert told.value.code == "bad_parent"


@pytest.mark.parametrize(
    ("limits", "code", "status"),
    [
        (SiteLimits(queue=1, per_minute=99), "busy", 503),
        (SiteLimits(each_owner=1, per_minute=99), "too_many", 429),
    ],
)
def test_what_the_broker_refuses_has_failed(
    owner: Any, site_with: Callable[..., Site], limits: SiteLimits, code: str, status: int
) -> None:
    site_with(limits=limits)
    talk = talk_of(owner)
    ask(owner, talk)
    with pytest.raises(Rejected) as told:
        ask(owner, talk, client_id="c2")
    assert (told.value.code, told.value.status) == (code, status) and told.value.retry_s
    refused = Message.objects.get(parent__client_id="c2")
    assert (refused.state, refused.code, refused.generations.get().state) == ("failed", code, "failed")
    again = ask(owner, talk, client_id="c2")
    assert not again.new and again.answers == [refused]


def test_of_two_sides_both_are_answered_or_none(
    owner: Any, site_with: Callable[..., Site], player: Player
) -> None:
    site_with(limits=SiteLimits(each_owner=1, per_minute=99))
    with pytest.raises(Rejected) as told:
        ask(owner, talk_of(owner, mode="compare"))
    assert told.value.code == "too_many"
    assert {(m.state, m.code) for m in Message.objects.filter(role="assistant")} == {("failed", "too_many")}
    assert player.take() == []


def test_who_asks_too_fast_is_told_to_wait(owner: Any, site_with: Callable[..., Site]) -> None:
    site_with(limits=SiteLimits(per_minute=2, each_owner=9))
    talk = talk_of(owner)
    for n in range(2):
        ask(owner, talk, client_id=f"c{n}")
    with pytest.raises(Rejected) as told:
        ask(owner, talk, client_id="c3")
    assert told.value.code == "rate_limited" and 0 < (told.value.retry_s or 0) <= 60
    assert not ask(owner, talk, client_id="c1").new  # what is known costs nothing


def test_compare_asks_both_models_alike(owner: Any, player: Player) -> None:
    made = ask(owner, talk_of(owner, mode="compare"))
    a, b = made.answers
    jobs = player.take()
    assert [(m.side, m.model) for m in (a, b)] == [("a", "demo-base"), ("b", "demo")]
    assert jobs[0].wish == jobs[1].wish and jobs[0].wish.seed is not None
    assert jobs[0].messages == jobs[1].messages
    battle = Battle.objects.get()
    assert (battle.a, battle.b, battle.adapted_side, battle.blind) == (a, b, "b", False)


def test_each_side_sees_its_own_answers(owner: Any, player: Player, finished: Callable[..., Any]) -> None:
    talk = talk_of(owner, mode="compare")
    made = ask(owner, talk, "satu")
    finished(made.answers[0], "kiri")
    finished(made.answers[1], "kanan")
    ask(owner, talk, "dua", "c2", parent=made.message.id)
    assert [[m["content"] for m in job.messages] for job in player.take()] == [
        ["satu", "kiri", "dua"],
        ["satu", "kanan", "dua"],
    ]


def test_blind_sides_are_drawn(owner: Any, site_with: Callable[..., Site]) -> None:
    site_with(limits=SiteLimits(each_owner=200, queue=200, per_minute=200))
    for n in range(40):
        ask(owner, talk_of(owner, mode="blind"), client_id=f"c{n}")
    drawn = {(b.kind, b.adapted_side if b.kind == "ab" else "") for b in Battle.objects.all()}
    assert {("ab", "a"), ("ab", "b")} <= drawn  # 40 draws miss a side once in 10^11
    for battle in Battle.objects.filter(kind="ab"):
        assert getattr(battle, battle.adapted_side).model == "demo"


def test_another_answer_is_a_sibling(owner: Any, player: Player, finished: Callable[..., Any]) -> None:
    first = finished(ask(owner, talk_of(owner, wish={"seed": 5})).answers[0])
    made = regenerate(owner, first, client_id="r1", model="demo-base")
    (second,) = made.answers
    assert (second.parent_id, second.model, made.message) == (first.parent_id, "demo-base", first.parent)
    (job,) = player.take()
    assert job.wish.seed is None  # the same draw would be the same answer
    assert not regenerate(owner, first, client_id="r1").new
    first.refresh_from_db()
    assert first.text == "Halo."


def test_an_answer_that_was_cut_goes_on(owner: Any, player: Player, finished: Callable[..., Any]) -> None:
    first = finished(ask(owner, talk_of(owner)).answers[0], "Se", "la", reason="length")
    (second,) = go_on(owner, first, client_id="g1").answers
    (job,) = player.take()
    assert (job.begun, job.begun_text) == ((1, 2), "Sela")
    whole = finished(second, "mat", reason="length")
    assert (whole.text, whole.beginning, whole.tokens) == ("Selamat", "Sela", [1, 2, 1])
    assert whole.completion_tokens == 1
    (third,) = go_on(owner, whole, client_id="g2").answers
    assert player.take()[0].begun == (1, 2, 1) and third.beginning == "Selamat"


def test_what_cannot_go_on(
    owner: Any, site_with: Callable[..., Site], site: Site, finished: Callable[..., Any]
) -> None:
    complete = finished(ask(owner, talk_of(owner)).answers[0])
    cut = finished(ask(owner, talk_of(owner), client_id="c2").answers[0], reason="length")
    for message, code in (
        (complete, "complete"),
        (ask(owner, complete.talk, client_id="c3").answers[0], "unfinished"),
    ):
        with pytest.raises(Rejected) as told:
            go_on(owner, message, client_id="g")
        assert told.value.code == code
    site_with(models=site.models[1:])
    with pytest.raises(Rejected) as told:
        go_on(owner, cut, client_id="g")
    assert told.value.code == "model_gone"


def test_a_blind_answer_stays_as_it_is(owner: Any, finished: Callable[..., Any]) -> None:
    answer = finished(ask(owner, talk_of(owner, mode="blind")).answers[0], reason="length")
    for act in (regenerate, go_on):
        with pytest.raises(Rejected) as told:
            act(owner, answer, client_id="x")
        assert told.value.code == "blind"


def test_nobody_asks_in_a_talk_of_another(owner: Any, stranger: Any) -> None:
    with pytest.raises(Rejected) as told:
        ask(stranger, talk_of(owner))
    assert told.value.status == 404 and not Message.objects.exists()


def test_old_turns_that_fit_nowhere_are_not_sent(
    owner: Any, site_with: Callable[..., Site], site: Site, player: Player, finished: Callable[..., Any]
) -> None:
    from dataclasses import replace

    site_with(models=(replace(site.models[0], context=100),))  # at most 1600 characters
    talk = talk_of(owner)
    answer = finished(ask(owner, talk, "lama " * 150).answers[0], "x" * 100)
    answer = finished(ask(owner, talk, "tengah", "c2", parent=answer.id).answers[0], "y")
    (last,) = ask(owner, talk, "baru " * 100, "c3", parent=answer.id).answers
    assert last.left_out == 0
    (far,) = ask(owner, talk, "baru " * 200, "c4", parent=answer.id).answers
    assert far.left_out == 2
    assert player.take()[-1].messages[0]["content"] == "tengah"


def test_turns_that_the_worker_left_out_are_noted(owner: Any, player: Player, queue: Any) -> None:
    from rantau.serving.protocol import End
    from rantau.serving.queue import Finals
    from rantau.web.talks.contexts import Contexts
    from rantau.web.upkeep.finalizer import keep

    talk, parent = talk_of(owner), None
    finals = Finals(queue, "f")
    finals.prepare()
    for n, dropped in enumerate((0, 2)):
        (answer,) = ask(owner, talk, f"tanya {n}", f"c{n}", parent=parent).answers
        generation = str(answer.generations.get().id)
        player.say(generation, "ya")
        player.end(generation, last=End("eos", "done", 7, dropped=dropped))
        keep(finals, queue)
        parent = answer.id
    answer.refresh_from_db()
    assert answer.left_out == 2 and Contexts().prompt(answer) == [{"role": "user", "content": "tanya 1"}]
