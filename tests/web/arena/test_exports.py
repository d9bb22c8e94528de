"""Exports: what is in them, whose, and that trainers read them."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rantau.web.arena import votes
from rantau.web.arena.exports import voter
from rantau.web.records.models import Battle, Feedback, Message, Talk
from rantau.web.talks.submit import submit
from tests.tiny import build_tiny_base


def lines(page: Any, name: str, of: str = "me") -> list[dict[str, Any]]:
    said = page.client.get(f"/api/arena/export?format={name}&of={of}")
    assert said.status_code == 200, said.content
    assert said["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in said.content.decode().split("\n")[:-1]]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def test_preferences(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    talk = Talk.objects.create(owner=owner, mode="blind", system_prompt="Singkat.")
    battle = voted("b", adapted="b", says=("kiri", "kanan"), reasons=("correct",), talk=talk)
    voted("tie")
    voted("bad")
    voted("a", kind="aa")
    voted("a", says=("sama", "sama"))
    (row,) = lines(page, "preference")
    assert row["prompt"] == [{"role": "system", "content": "Singkat."}, user("Apa kabar?")]
    assert (row["chosen"], row["rejected"]) == ([assistant("kanan")], [assistant("kiri")])
    meta = row["meta"]
    assert (meta["chosen_model"], meta["chosen_revision"]) == ("demo", "sha256:aa")
    assert (meta["rejected_model"], meta["rejected_revision"]) == ("demo-base", "sha256:bb")
    assert (meta["battle"], meta["blind"], meta["reasons"]) == (str(battle.id), True, ["correct"])
    assert meta["chosen_params"] == meta["rejected_params"] and "temperature" in meta["chosen_params"]
    assert (meta["language"], meta["interface"]) == ("ind", "id")


def test_sides_that_went_apart_have_no_one_prompt(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    first = voted("a", says=("kiri", "kanan"))
    second = voted("a", talk=first.message.talk, parent=first.message, says=("satu", "dua"), text="Lalu?")
    assert [row["meta"]["battle"] for row in lines(page, "preference")] == [str(first.id)]
    rows = {row["question_id"]: row for row in lines(page, "battles")}
    told = rows[str(second.id)]
    assert told["conversation_b"] == [user("Apa kabar?"), assistant("kanan"), user("Lalu?"), assistant("dua")]
    assert (told["turn"], rows[str(first.id)]["turn"]) == (2, 1)


def test_battles_in_the_arena_s_shape(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    winners = {choice: voted(choice, adapted="b") for choice in ("a", "b", "tie", "bad")}
    rows = {row["question_id"]: row for row in lines(page, "battles")}
    told = [rows[str(battle.id)]["winner"] for battle in winners.values()]
    assert told == ["model_a", "model_b", "tie", "tie (bothbad)"]
    row = rows[str(winners["a"].id)]
    assert set(row) == {
        "question_id", "model_a", "model_b", "winner", "judge", "conversation_a", "conversation_b", "turn",
        "anony",
        "language", "tstamp", "meta",
    }  # fmt: skip
    assert (row["model_a"], row["model_b"], row["anony"], row["judge"]) == (
        "demo-base",
        "demo",
        True,
        voter(owner.pk),
    )
    assert row["conversation_a"] == [user("Apa kabar?"), assistant("kiri")]


def test_judgements(page: Any, voted: Callable[..., Battle], owner: Any, finished: Callable[..., Any]) -> None:
    voted("bad", says=("buruk", "lebih buruk"))
    talk = Talk.objects.create(owner=owner)
    for n, value in enumerate((1, -1)):
        made = submit(owner, talk, text=f"tanya {n}", client_id=f"k{n}", parent=None)
        Feedback.objects.create(message=finished(made.answers[0], f"jawab {n}"), user=owner, value=value)
    rows = lines(page, "kto")
    assert {(row["completion"][0]["content"], row["label"], row["meta"]["source"]) for row in rows} == {
        ("buruk", False, "both_bad"), ("lebih buruk", False, "both_bad"), ("jawab 0", True, "thumb"),
        ("jawab 1", False, "thumb"),
    }  # fmt: skip
    good = next(row for row in rows if row["label"])
    assert good["prompt"] == [user("tanya 0")] and good["meta"]["answer_revision"] == "sha256:aa"


def test_a_thumb_counts_more_than_the_round(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    battle = voted("bad", says=("lumayan", "buruk"))
    Feedback.objects.create(message=battle.a, user=owner, value=1)
    assert [(row["completion"][0]["content"], row["label"]) for row in lines(page, "kto")] == [
        ("lumayan", True), ("buruk", False),
    ]  # fmt: skip


def test_a_thumb_in_a_round_without_a_vote_stays_here(page: Any, ended: Callable[..., Battle], owner: Any) -> None:
    battle = ended()
    Feedback.objects.create(message=battle.a, user=owner, value=1)
    assert lines(page, "kto") == []
    votes.cast(owner, battle, choice="a")
    assert len(lines(page, "kto")) == 1


def test_what_broke_off_trains_nobody(page: Any, voted: Callable[..., Battle]) -> None:
    for choice in ("a", "bad"):
        battle = voted(choice)
        Message.objects.filter(id__in=[battle.a_id, battle.b_id]).update(state="failed")
    assert lines(page, "preference") == lines(page, "kto") == []


def test_deleted_talks_are_left_out(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    for choice in ("a", "bad"):
        battle = voted(choice)
        Feedback.objects.create(message=battle.a, user=owner, value=1)
        page("DELETE", f"/api/talks/{battle.message.talk_id}")
    assert [lines(page, name) for name in ("preference", "kto", "battles")] == [[], [], []]


def test_whose_votes_are_exported(
    page: Any, stranger_page: Any, voted: Callable[..., Battle], owner: Any, stranger: Any
) -> None:
    voted("a"), voted("a", person=stranger)
    assert len(lines(page, "battles")) == len(lines(stranger_page, "battles")) == 1
    status, told = page("GET", "/api/arena/export?format=battles&of=everyone")
    assert (status, told["error"]["code"]) == (403, "forbidden")
    owner.is_staff = True
    owner.save()
    rows = lines(page, "battles", of="everyone")
    assert {row["judge"] for row in rows} == {voter(owner.pk), voter(stranger.pk)}
    names = json.dumps(rows)
    assert f'"{owner.username}"' not in names and f'"{stranger.username}"' not in names
    assert page("GET", "/api/arena")[1]["of"] == "everyone"


def test_a_pseudonym_is_of_this_chat_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    here = voter(1)
    assert here == voter(1) != voter(2)
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert voter(1) != here


@pytest.mark.parametrize("query", ["", "format=csv", "format=kto&of=all"])
def test_exports_that_are_none(page: Any, query: str) -> None:
    assert page("GET", f"/api/arena/export?{query}")[0] == 400


def test_a_line_is_a_line(page: Any, voted: Callable[..., Battle]) -> None:
    """Line separators of Unicode inside texts do not break rows for readers that split at them."""
    voted("a", says=("satu\u2028dua\x85tiga\n", "x"))
    body = page.client.get("/api/arena/export?format=preference").content.decode()
    assert len(body.splitlines()) == 1
    assert lines(page, "preference")[0]["chosen"][0]["content"] == "satu\u2028dua\x85tiga\n"


@pytest.mark.filterwarnings("ignore")  # of the trainers' own making
def test_trl_trains_on_the_files(
    page: Any, voted: Callable[..., Battle], owner: Any, finished: Callable[..., Any], tmp_path: Path
) -> None:
    """A step of DPO and of KTO on the files as they are saved."""
    pytest.importorskip("trl", reason="TRL is not installed: pip install 'rantau[dev]'")
    talk = Talk.objects.create(owner=owner, mode="blind", system_prompt="Singkat.")
    voted("a", talk=talk), voted("b", reasons=("fluency",)), voted("bad"), voted("bad")
    for n in range(4):
        made = submit(owner, Talk.objects.create(owner=owner), text="halo", client_id=f"k{n}", parent=None)
        Feedback.objects.create(message=finished(made.answers[0]), user=owner, value=1, reasons=["fluency"][:n])
    for name in ("preference", "kto"):
        (tmp_path / f"{name}.jsonl").write_bytes(page.client.get(f"/api/arena/export?format={name}").content)
    base = build_tiny_base(tmp_path / "base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        losses = [_step(base, tmp_path / f"{name}.jsonl", name) for name in ("preference", "kto")]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)  # no difference from its reference yet: log 2
    assert losses[1] == pytest.approx(0.5, abs=1e-3)


def _step(base: Path, rows: Path, name: str) -> float:
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

    config, trainer = {"preference": (DPOConfig, DPOTrainer), "kto": (KTOConfig, KTOTrainer)}[name]
    data = load_dataset("json", data_files=str(rows), split="train", cache_dir=str(rows.parent / "cache"))
    assert len(data) == {"preference": 2, "kto": 8}[name]
    settings = config(
        output_dir=str(rows.parent / name), max_steps=1, per_device_train_batch_size=len(data), report_to="none",
        use_cpu=True, bf16=False, gradient_checkpointing=False, save_strategy="no", disable_tqdm=True,
        logging_steps=1,
    )  # fmt: skip
    model, tokenizer = AutoModelForCausalLM.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    made = trainer(model=model, args=settings, train_dataset=data, processing_class=tokenizer)
    made.train()
    return float(next(row["loss"] for row in made.state.log_history if "loss" in row))
