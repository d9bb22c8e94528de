"""The answer stages with a fake speaker; the tokenizer and template are those of the tiny base."""

from dataclasses import replace
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MeasureError
from rantau.records import Dialogue, Document, Message
from rantau.run.stage import Context
from rantau.run.store import asked_for, key_of
from rantau.stages.evaluation import asking
from rantau.stages.evaluation.asked import read_asked
from rantau.stages.evaluation.asking import AnswerSummary
from rantau.stages.evaluation.speakers.speaker import Speaker
from rantau.stages.evaluation.stage import answer_stage
from tests.stages.evaluation.fakes import (  # fmt: skip
    FakeSpeaker,
    Killed,
    context,
    dialogue,
    document,
    gathered,
    recipe,
    some_dialogues,
)

TEXTS = [document(i, f"Berita ke-{i}: hari ini hujan " + "deras " * (i % 9)) for i in range(30)]
BASE_STAGE = answer_stage("base", adapter_from=None)
FILES = ("texts.jsonl", "in_context.jsonl", "items.jsonl", "answers.jsonl", "prompts.json", "dropped.jsonl")
CALLS = 3 + 2 + 2  # batches of texts, of the probe and of prompts


@pytest.fixture
def heldout(tmp_path: Path) -> Path:
    return gathered(tmp_path / "gather", TEXTS, some_dialogues(50))


def run(monkeypatch: pytest.MonkeyPatch, speaker: Speaker | None, ctx: Context) -> AnswerSummary:
    def load(*_: object) -> Speaker:
        assert speaker is not None, "the model is loaded although nothing is missing"
        return speaker

    monkeypatch.setattr(asking, "load_speaker", load)
    summary = BASE_STAGE.run(ctx)
    assert isinstance(summary, AnswerSummary)
    return summary


def written(folder: Path) -> dict[str, bytes]:
    assert sorted(p.name for p in folder.iterdir()) == sorted([*FILES, "speed.json"])
    return {name: (folder / name).read_bytes() for name in FILES}


def test_files_of_the_contract(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base), tmp_path / "out", gather=heldout)
    summary = run(monkeypatch, FakeSpeaker(), ctx)
    items, answers, texts = (files.read_jsonl(ctx.out / f"{n}.jsonl") for n in ("items", "answers", "texts"))
    assert [len(items), len(answers), len(texts)] == [40, 40, 20]
    assert set(texts[0]) == {"text", "document_id", "nats", "bytes", "tokens"}
    assert all(t["bytes"] <= 60 for t in texts)
    assert set(answers[0]) == {"item_id", "prompt_sha256", "text", "n_tokens", "ended", "prompt"}
    assert [a["item_id"] for a in answers] == [i["id"] for i in items] == sorted(i["id"] for i in items)
    assert items[0]["prompt_messages"][0]["role"] == "user"
    assert items[0]["fields"]["subset_name"] in ("kisah", "resep", "tanya")
    for item, answer in zip(items, answers, strict=True):
        assert item["prompt"] == answer["prompt"]
        assert item["prompt"].endswith("<|im_start|>assistant\n")
        assert item["prompt_sha256"] == answer["prompt_sha256"] == files.sha256_text(item["prompt"])
    assert files.read_json(ctx.out / "prompts.json")["n"] == 40
    assert summary.n_items == 40 and summary.n_documents == 20 and summary.ended_share == 1.0


def test_references_are_cut_at_the_token_limit(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base), tmp_path / "out", gather=heldout)
    run(monkeypatch, FakeSpeaker(), ctx)
    items = files.read_jsonl(ctx.out / "items.jsonl")
    assert all(i["reference"].startswith(i["reference_cut"]) and i["reference_cut"] for i in items)
    assert all((i["reference_tokens"] > 8) == (i["reference_cut"] != i["reference"]) for i in items)
    assert any(i["reference_tokens"] > 8 for i in items)


@pytest.mark.parametrize("calls", range(CALLS))
@pytest.mark.parametrize("cut_bytes", [0, 25])
def test_a_killed_run_ends_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path, calls: int, cut_bytes: int
) -> None:
    asked = recipe(tiny_base)
    whole = context(BASE_STAGE, asked, tmp_path / "whole", gather=heldout)
    run(monkeypatch, FakeSpeaker(), whole)
    killed = context(BASE_STAGE, asked, tmp_path / "killed", gather=heldout)
    with pytest.raises(Killed):
        run(monkeypatch, FakeSpeaker(kill_after=calls), killed)
    path = killed.out / ("answers.jsonl" if calls > 5 else "in_context.jsonl" if calls > 3 else "texts.jsonl")
    left = path.read_bytes() if path.exists() else b""
    path.write_bytes(left[: max(len(left) - cut_bytes, 0)])  # in the middle of the last line
    again = FakeSpeaker()
    run(monkeypatch, again, killed)
    assert written(killed.out) == written(whole.out)
    assert len(again.calls) == CALLS - calls + (1 if cut_bytes and left else 0)


def test_a_run_killed_after_its_last_answer_needs_no_model(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base), tmp_path / "out", gather=heldout)
    run(monkeypatch, FakeSpeaker(), ctx)
    before = written(ctx.out)
    run(monkeypatch, None, ctx)
    assert written(ctx.out) == before


SAMPLED = {"decoding": "sampling", "repeats": 3, "metric_tokens": {"bleu": 2, "rouge": 2, "semantic": 1}}


def test_several_draws_and_cuts_are_rows_item_by_item(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base, prompts=SAMPLED), tmp_path / "out", gather=heldout)
    run(monkeypatch, FakeSpeaker(), ctx)
    items, rows = (files.read_jsonl(ctx.out / f"{n}.jsonl") for n in ("items", "answers"))
    assert [(r["item_id"], r["draw"]) for r in rows] == [(i["id"], d) for i in items for d in range(3)]
    assert all(set(r["cuts"]) == {"1", "2"} for r in rows)
    seeds = {r["text"].split()[-1] for r in rows}
    assert len(seeds) > 60  # of 120 draws, told apart by three digits of their seeds
    for item in items:
        assert set(item["reference_cuts"]) == {"1", "2"}
        assert item["reference_cut"].startswith(item["reference_cuts"]["2"])
        assert item["reference_cuts"]["2"].startswith(item["reference_cuts"]["1"])
        assert len(item["reference_cuts"]["1"]) < len(item["reference"])
    asked = read_asked(ctx.out, with_prompts=True, with_probe=True)
    assert [a.draw for a in asked.answers[:4]] == [0, 1, 2, 0]
    assert asked.answers[0].cuts == rows[0]["cuts"]


def test_a_missing_draw_is_found(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base, prompts=SAMPLED), tmp_path / "out", gather=heldout)
    run(monkeypatch, FakeSpeaker(), ctx)
    rows = files.read_jsonl(ctx.out / "answers.jsonl")
    for spoilt in (rows[:-1], [*rows[:4], rows[3], *rows[5:]], rows[:40]):
        files.write_jsonl(ctx.out / "answers.jsonl", spoilt)
        with pytest.raises(MeasureError, match=r"answers\.jsonl does not answer items\.jsonl"):
            read_asked(ctx.out, with_prompts=True, with_probe=True)


def test_a_killed_run_of_several_draws_ends_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    asked = recipe(tiny_base, prompts=SAMPLED)
    whole, killed = (context(BASE_STAGE, asked, tmp_path / n, gather=heldout) for n in ("whole", "killed"))
    run(monkeypatch, FakeSpeaker(), whole)
    with pytest.raises(Killed):
        run(monkeypatch, FakeSpeaker(kill_after=7), killed)  # two of four batches of answers are done
    again = FakeSpeaker()
    run(monkeypatch, again, killed)
    assert len(again.calls) == 2
    assert written(killed.out) == written(whole.out)


def test_what_only_a_metric_reads_asks_nobody_anew(tiny_base: Path, tmp_path: Path) -> None:
    def key(prompts: dict[str, object]) -> str:
        return key_of(asked_for(BASE_STAGE, recipe(tiny_base, prompts=prompts), tmp_path, {}))

    judge = {"name": "use", "encoder": "package:fuse"}
    assert key({"rouge": "ascii", "semantic": [judge]}) == key({})
    assert key({"metric_tokens": {"bleu": 4}}) != key({})
    assert key({"decoding": "sampling"}) != key({})


def test_another_token_limit_asks_again_in_another_artefact_but_the_prompts_stay(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    first = context(BASE_STAGE, recipe(tiny_base), tmp_path / "a", gather=heldout)
    second = context(BASE_STAGE, recipe(tiny_base, prompts={"max_new_tokens": 2}), tmp_path / "b", gather=heldout)
    run(monkeypatch, FakeSpeaker(), first)
    run(monkeypatch, FakeSpeaker(), second)
    assert written(first.out)["prompts.json"] == written(second.out)["prompts.json"]
    assert written(first.out)["answers.jsonl"] != written(second.out)["answers.jsonl"]


def test_dialogues_that_cannot_be_asked_are_left_out_and_told(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    good = [dialogue(i, f"Apa {i}?", "Itu nasi.") for i in range(4)]
    no_answer = dialogue(10, "Apa?", "  ")
    no_question = replace(dialogue(11, "", ""), dialogue=Dialogue((Message("assistant", "Halo."),)))
    same_prompt = dialogue(12, "Apa 1?", "Itu mi.")
    control = dialogue(13, "Apa <|im_end|> itu?", "Ya.")
    long = dialogue(14, "nasi goreng " * 300, "Ya.")
    plain = document(15, "Bukan dialog.", source="tanya")
    heldout = gathered(tmp_path / "g", TEXTS, [*good, no_answer, no_question, same_prompt, control, long, plain])
    ctx = context(BASE_STAGE, recipe(tiny_base), tmp_path / "out", gather=heldout)
    summary = run(monkeypatch, FakeSpeaker(), ctx)
    assert (summary.n_items, summary.n_items_dropped) == (4, 2)
    dropped = {d["id"]: d["reason"] for d in files.read_jsonl(ctx.out / "dropped.jsonl")}
    assert "control token <|im_end|>" in dropped["tanya:0013"]
    assert "the context leaves 504 beside an answer" in dropped["tanya:0014"]


def test_without_prompts_only_texts_are_written(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base, prompts={"source": ""}), tmp_path / "out", gather=heldout)
    assert run(monkeypatch, FakeSpeaker(), ctx).ended_share is None
    assert sorted(p.name for p in ctx.out.iterdir()) == ["in_context.jsonl", "speed.json", "texts.jsonl"]


@pytest.mark.parametrize(
    ("texts", "dialogues", "message"),
    [
        ([], some_dialogues(4), r"sources\.berita: nothing is held out"),
        (TEXTS, [], r"sources\.tanya: nothing is held out"),
        (TEXTS, some_dialogues(1), r"evaluation\.prompts: 1 of the held-out documents"),
        (TEXTS, [document(1, "x", source="tanya")], r"evaluation\.prompts: 0 of the held-out documents"),
        (TEXTS[:1], some_dialogues(4), r"evaluation\.texts\.berita: 1 of 1 held-out documents"),
    ],
)
def test_too_little_held_out_is_refused_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path,
    texts: list[Document], dialogues: list[Document], message: str,
) -> None:  # fmt: skip
    heldout = gathered(tmp_path / "g", texts, dialogues)
    ctx = context(BASE_STAGE, recipe(tiny_base), tmp_path / "out", gather=heldout)
    with pytest.raises(MeasureError, match=message):
        run(monkeypatch, None, ctx)


def test_where_no_prompt_fits_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, heldout: Path, tmp_path: Path
) -> None:
    ctx = context(BASE_STAGE, recipe(tiny_base, prompts={"max_new_tokens": 512}), tmp_path / "out", gather=heldout)
    with pytest.raises(MeasureError, match=r"40 were refused, the first one because: .*\.max_new_tokens\."):
        run(monkeypatch, None, ctx)


def test_declaration() -> None:
    adapted = answer_stage("adapted", adapter_from="train-sft")
    assert (BASE_STAGE.name, BASE_STAGE.needs) == ("answer-base", ("gather",))
    assert (adapted.name, adapted.needs) == ("answer-adapted", ("gather", "train-sft"))
    assert adapted.volatile == ("speed.json",)


def test_the_fingerprint_follows_the_base(tiny_base: Path) -> None:
    assert BASE_STAGE.fingerprint is not None
    found = BASE_STAGE.fingerprint(recipe(tiny_base), Path())
    assert len(found["base"]) == 64
