"""A served model, against a small server: what is asked, what is made of the answer, and every way it can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MachineError, RecipeError
from rantau.machine import Machine
from rantau.model.sampled import Narrowing
from rantau.recipe import Model
from rantau.stages.evaluation import asking
from rantau.stages.evaluation.speakers.served import Served, check_server, served_as
from rantau.stages.evaluation.speakers.server import TRIES, Server
from rantau.stages.evaluation.speakers.speaker import Decoding, Question, Spoken
from rantau.stages.evaluation.stage import answer_stage
from tests.nobody import nobody_there
from tests.stages.evaluation.fake_server import FakeServer, Reply, answer, serving
from tests.stages.evaluation.fakes import FakeSpeaker, context, document, gathered, recipe, some_dialogues
from tests.tiny import build_tiny_tokenizer

QUESTION = Question((5, 6, 7), seed=2**40 + 9)
GREEDY, SAMPLED = Decoding(8), Decoding(8, Narrowing(0.7, 20, 0.9))
TOKENIZER = build_tiny_tokenizer()
STOP = int(TOKENIZER.convert_tokens_to_ids("<|im_end|>"))
VLLM_ONLY = {"top_k", "min_p", "repetition_penalty", "stop_token_ids", "skip_special_tokens", "return_token_ids"}


def served(url: str, *, name: str = "dasar", waits: list[float] | None = None) -> Served:
    pause = (lambda s: None) if waits is None else waits.append
    return Served(Server(url, pause), name, TOKENIZER, (STOP,), "Serve it.")


def asked(fake: FakeServer, decoding: Decoding = GREEDY, *, waits: list[float] | None = None) -> Spoken:
    with serving(fake) as url:
        return served(url, waits=waits).answers([QUESTION], decoding, lambda share: None)[0]


def test_the_server_sees_token_ids_and_no_default_of_its_own() -> None:
    fake = FakeServer()
    said = asked(fake)
    assert fake.bodies == [
        {
            "model": "dasar", "prompt": [5, 6, 7], "max_tokens": 8, "temperature": 0.0, "top_p": 1.0, "top_k": -1,
            "min_p": 0.0, "repetition_penalty": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0,
            "stop_token_ids": [STOP], "skip_special_tokens": True, "return_token_ids": True,
        }
    ]  # fmt: skip
    assert (said.text, said.ended) == ("Itu nasi.", True)
    assert said.n_tokens == min(8, len(TOKENIZER("Itu nasi.").input_ids))


def test_a_draw_is_told_its_seed_and_its_choice() -> None:
    fake = FakeServer()
    asked(fake, SAMPLED)
    body = fake.bodies[0]
    assert (body["temperature"], body["top_k"], body["top_p"]) == (0.7, 20, 0.9)
    assert body["seed"] == QUESTION.seed % 2**31
    fake = FakeServer()
    asked(fake, Decoding(8, Narrowing(top_k=None)))
    assert fake.bodies[0]["top_k"] == -1


def test_told_token_ids_are_decoded_here_and_cut() -> None:
    ids = list(TOKENIZER("Ibu kota Indonesia adalah Jakarta").input_ids)
    found = answer({"prompt": [5, 6, 7]}, "something else")
    found["choices"][0]["token_ids"] = [*ids, STOP]
    said = asked(FakeServer(reply=lambda n, body: (200, found)), Decoding(64, cuts=(2, 99)))
    assert (said.text, said.n_tokens) == ("Ibu kota Indonesia adalah Jakarta", len(ids))
    assert said.cuts == {"2": TOKENIZER.decode(ids[:2]), "99": said.text}


def test_an_answer_at_the_limit_did_not_end() -> None:
    found = answer({"prompt": [5, 6, 7]}, reason="length")
    assert not asked(FakeServer(reply=lambda n, body: (200, found))).ended


def test_a_plain_openai_server_is_asked_plainly() -> None:
    def strict(n: int, body: dict[str, Any]) -> Reply:
        if unknown := VLLM_ONLY & set(body):
            return 422, {"detail": f"Unexpected fields in the request: {sorted(unknown)}"}
        return 200, answer(body)

    fake = FakeServer(reply=strict)
    assert asked(fake).text == "Itu nasi."
    assert fake.bodies[1]["stop"] == ["<|im_end|>"]
    with pytest.raises(MachineError, match=r"top_k cannot be said; set evaluation\.prompts\.top_k: null"):
        asked(FakeServer(reply=strict), SAMPLED)
    assert asked(FakeServer(reply=strict), Decoding(8, Narrowing(top_k=None))).text.startswith("Itu nasi. ")


@pytest.mark.parametrize("seen", [3, 4])
def test_a_server_of_texts_must_find_the_same_tokens(seen: int) -> None:
    def texts(n: int, body: dict[str, Any]) -> Reply:
        if not isinstance(body["prompt"], str):
            return 400, {"error": {"message": "prompt must be a string."}}
        return 200, answer(body) | {"usage": {"prompt_tokens": seen}}

    fake = FakeServer(reply=texts)
    if seen == 3:
        assert asked(fake).text == "Itu nasi."
        assert fake.bodies[2]["prompt"] == TOKENIZER.decode([5, 6, 7])
    else:
        with pytest.raises(MachineError, match="read 4 tokens in a prompt of 3"):
            asked(fake)


def test_the_manner_is_found_once() -> None:
    fake = FakeServer(reply=lambda n, body: (422, {"detail": "no"}) if "top_k" in body else (200, answer(body)))
    with serving(fake) as url:
        served(url).answers([QUESTION] * 5, GREEDY, lambda share: None)
    assert ["top_k" in body for body in fake.bodies] == [True, False, False, False, False, False]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    fake = FakeServer(reply=lambda n, body: (status, {}) if n < 3 else (200, answer(body)))
    waits: list[float] = []
    assert asked(fake, waits=waits).text == "Itu nasi."
    assert waits == ([3.0, 3.0, 3.0] if status == 429 else [1.0, 2.0, 4.0])


def test_a_lasting_failure_names_the_server_and_what_to_do() -> None:
    fake = FakeServer(reply=lambda n, body: (500, {"error": {"message": "out of memory"}}))
    with pytest.raises(
        MachineError, match=r"127\.0\.0\.1:\d+/v1/completions: no answer after 6 tries.*out of mem"
    ):
        asked(fake)
    assert len(fake.bodies) == TRIES


def test_nobody_there() -> None:
    words = r"/v1/completions: no answer after 6 tries.*refused.*--server its address"
    with nobody_there() as url, pytest.raises(MachineError, match=words):
        served(url).answers([QUESTION], GREEDY, lambda share: None)


def test_who_waited_for_the_first_question_does_not_try_again() -> None:
    fake = FakeServer(reply=lambda n, body: (500, {}))
    with serving(fake) as url:
        asker = served(url)
        for _ in range(3):
            with pytest.raises(MachineError, match="no answer after 6 tries"):
                asker.answers([QUESTION], GREEDY, lambda share: None)
    assert len(fake.bodies) == TRIES


def test_another_service_is_not_taken_for_one() -> None:
    with serving(FakeServer()) as url, pytest.raises(MachineError, match=r"HTTP 404: Not Found\. --server takes"):
        served(f"{url}/elsewhere").answers([QUESTION], GREEDY, lambda share: None)


def test_a_name_that_is_not_served() -> None:
    words = r"does not serve 'lain'; it serves dasar, adapted\. Serve it\. Then run"
    with serving(FakeServer()) as url, pytest.raises(MachineError, match=words):
        served(url, name="lain").answers([QUESTION], GREEDY, lambda share: None)


def test_a_server_that_answers_to_any_name_is_not_believed() -> None:
    words = r"does not serve 'adapted'; it serves model\.gguf"
    with serving(FakeServer(names=("model.gguf",))) as url, pytest.raises(MachineError, match=words):
        served(url, name="adapted").answers([QUESTION], GREEDY, lambda share: None)
    told = FakeServer(names=(), reply=lambda n, body: (200, answer(body) | {"model": "adapted@main"}))
    with serving(told) as url:
        assert served(url, name="adapted").answers([QUESTION], GREEDY, lambda share: None)[0].ended


def test_a_name_that_the_server_itself_refuses() -> None:
    fake = FakeServer(reply=lambda n, body: (404, {"error": {"message": "The model `lain` does not exist."}}))
    with (
        serving(fake) as url,
        pytest.raises(MachineError, match="does not serve 'lain'; it serves dasar, adapted"),
    ):
        served(url, name="lain").answers([QUESTION], GREEDY, lambda share: None)


def test_a_key_is_sent_and_its_lack_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        MachineError, match=r"HTTP 401: Unauthorized\. Put the server's key into .* RANTAU_SERVER_KEY"
    ):
        asked(FakeServer(key="rahasia"))
    monkeypatch.setenv("RANTAU_SERVER_KEY", "rahasia")
    assert asked(FakeServer(key="rahasia")).ended


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"choices": []}, "answers without a text"),
        ({"choices": [{"text": "a", "finish_reason": "abort"}]}, "ended for the reason 'abort'"),
        ({"choices": [{"text": "a", "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}, "read 9 tokens"),
    ],
)
def test_an_answer_that_is_none(found: dict[str, Any], words: str) -> None:
    with pytest.raises(MachineError, match=words):
        asked(FakeServer(reply=lambda n, body: (200, found)))


def test_names_and_fixes_come_from_the_machine(tmp_path: Path) -> None:
    model = Model(base="org/base")
    with pytest.raises(RecipeError, match=r"engine is server, but no server is named\. Give --server URL"):
        served_as(Machine(), model, TOKENIZER, (), None)
    machine = Machine(server="http://x:1")
    base, adapted = (served_as(machine, model, TOKENIZER, (), a) for a in (None, tmp_path / "adapter"))
    assert (base.name, adapted.name) == ("org/base", "adapted")
    assert f"--lora-modules adapted={tmp_path / 'adapter'}" in adapted.fix
    named = replace(machine, served_base="b", served_adapted="a")
    assert served_as(named, model, TOKENIZER, (), None).name == "b"
    assert served_as(named, model, TOKENIZER, (), tmp_path).name == "a"


def test_only_unfinished_answers_need_a_server() -> None:
    check_server(Machine(), ["report"])
    check_server(Machine(server="http://x"), ["answer-base"])
    with pytest.raises(RecipeError, match="no server is named"):
        check_server(Machine(), ["gather", "answer-adapted"])


STAGE = answer_stage("base", adapter_from=None)
PROMPTS = {"engine": "server", "decoding": "sampling", "repeats": 2}


def run(out: Path, url: str, heldout: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(asking, "load_speaker", lambda *_: FakeSpeaker())
    monkeypatch.setattr("rantau.stages.evaluation.speakers.server.TRIES", 1)
    ctx = context(STAGE, recipe(base, prompts=PROMPTS), out, gather=heldout)
    STAGE.run(replace(ctx, machine=Machine(server=url, served_base="dasar")))
    return (out / "answers.jsonl").read_bytes()


def test_the_stage_asks_beside_one_another_and_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    texts = [document(i, f"Berita ke-{i}.") for i in range(4)]
    heldout = gathered(tmp_path / "g", texts, some_dialogues(30))
    with serving(whole := FakeServer(beside=5)) as url:
        expected = run(tmp_path / "whole", url, heldout, tiny_base, monkeypatch)
    assert len(whole.bodies) == 60
    assert whole.most >= 5
    broken = FakeServer(reply=lambda n, body: (200, answer(body)) if n < 25 else (500, {}))
    with serving(broken) as url, pytest.raises(MachineError, match="no answer after 1 tries"):
        run(tmp_path / "killed", url, heldout, tiny_base, monkeypatch)
    assert len(files.read_jsonl(tmp_path / "killed" / "answers.jsonl")) == 25
    with serving(again := FakeServer()) as url:
        assert run(tmp_path / "killed", url, heldout, tiny_base, monkeypatch) == expected
    assert len(again.bodies) == 35
    assert len({b["seed"] for b in whole.bodies}) == 60
