"""The compare stage on artefacts that fake speakers left."""

from pathlib import Path
from statistics import stdev

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from rantau import files
from rantau.errors import MeasureError
from rantau.recipe import Recipe
from rantau.recipe.measured import ALONE, rows_of
from rantau.run.stage import Context
from rantau.stages.evaluation import asking
from rantau.stages.evaluation.stage import COMPARE, answer_stage
from tests.model.encoder_keys import fingerprints
from tests.stages.evaluation.fakes import FakeSpeaker, context, document, gathered, recipe, some_dialogues
from tests.stages.evaluation.said import encode

TEXTS = [document(i, f"Berita ke-{i}: hari ini hujan " + "deras " * (i % 9)) for i in range(30)]
INDONESIAN = "Itu adalah makanan yang sangat terkenal di seluruh kota kita"
OF_TEXT = {"bits_per_byte", "perplexity", "in_context_gain"}
OF_ANSWERS = {
    "language_fidelity",
    "sentence_fidelity",
    "chrf++",
    "bleu",
    "rouge1",
    "rouge2",
    "rougeL",
    "exact_match",
    "answer_ended",
    "run_on",
    "repetition",
    "prompt_copied",
    "answer_words",
}
SYSTEMS = {"base", "adapted", "change", "ceiling", "chance", "chance-base"}


class Pair:
    """Two finished answer artefacts and the context of their comparison."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, base_word: str, adapted_word: str, asked: Recipe) -> None:  # fmt: skip  # noqa: E501
        heldout = gathered(folder / "gather", TEXTS, some_dialogues(50))
        self.folders = {}
        for system, word in (("base", base_word), ("adapted", adapted_word)):
            fake = FakeSpeaker(word)
            monkeypatch.setattr(asking, "load_speaker", lambda *_, fake=fake: fake)
            answering = answer_stage("base", adapter_from=None)
            ctx = context(answering, asked, folder / system, gather=heldout)
            answering.run(ctx)
            self.folders[system] = ctx.out
        self.ctx: Context = context(
            COMPARE, asked, folder / "compare",
            answer_base=self.folders["base"], answer_adapted=self.folders["adapted"],
        )  # fmt: skip

    def rows(self) -> dict[tuple[str, str], dict[str, object]]:
        COMPARE.run(self.ctx)
        return {(r["metric"], r["system"]): r for r in files.read_json(self.ctx.out / "scores.json")}


def test_every_row_has_n_interval_and_signature(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    rows = Pair(monkeypatch, tmp_path, "the answer is not known to me", INDONESIAN, recipe(tiny_base)).rows()
    assert {metric for metric, _ in rows} == OF_TEXT | OF_ANSWERS
    for (metric, system), row in rows.items():
        if metric in ALONE and str(system).startswith("chance"):
            assert row["value"] is None and row["reason"]
        else:
            assert row["low"] <= row["value"] <= row["high"]  # type: ignore[operator]
        assert row["n"] == (8 if metric == "in_context_gain" else 20 if row["name"] == "berita" else 40)
        assert row["signature"] and row["better"] in ("lower", "higher", "neither")
        if metric in OF_ANSWERS and system == "change":
            assert ("p_value" in row) != ("p_mcnemar" in row)
    for metric in OF_ANSWERS:
        assert {s for m, s in rows if m == metric} == SYSTEMS
    assert rows["language_fidelity", "base"]["value"] == 0.0
    assert rows["language_fidelity", "adapted"]["value"] == 1.0
    assert rows["language_fidelity", "change"]["value"] == 1.0
    assert rows["language_fidelity", "adapted"]["n_untold"] == 0
    assert "too_short:left_out" in str(rows["sentence_fidelity", "adapted"]["signature"])
    signature = str(rows["chrf++", "chance"]["signature"])
    assert "nc:6|nw:2" in signature and "max_new_tokens:8" in signature and "5 shuffles" in signature


def test_the_recipe_knows_every_row_and_which_stay_empty(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    asked = recipe(tiny_base)
    Pair(monkeypatch, tmp_path, "tidak tahu", INDONESIAN, asked).rows()
    rows = files.read_json(tmp_path / "compare" / "scores.json")
    known = rows_of(asked.evaluation)
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row["value"] is not None:
            found.setdefault((row["metric"], row["name"]), set()).add(row["system"])
    assert {(r.metric, r.name): set(r.systems) for r in known if r.systems} == found
    empty = {(r["metric"], r["name"], r["system"]) for r in rows if r["value"] is None}
    assert {(r.metric, r.name, s) for r in known if r.systems for s in r.never} == empty
    assert {r["metric"] for r in rows if r["better"] == "neither"} == {r.metric for r in known if r.described}


def test_chrf_rows_are_sacrebleus(monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path) -> None:
    pair = Pair(monkeypatch, tmp_path, "tidak tahu", INDONESIAN, recipe(tiny_base))
    rows = pair.rows()
    items = files.read_jsonl(pair.folders["base"] / "items.jsonl")
    references = [i["reference"] for i in items]
    expected = {"ceiling": [i["reference_cut"] for i in items]}
    for system in ("base", "adapted"):
        expected[system] = [a["text"] for a in files.read_jsonl(pair.folders[system] / "answers.jsonl")]
    points = {s: CHRF(word_order=2).corpus_score(texts, [references]).score for s, texts in expected.items()}
    assert {s: rows["chrf++", s]["value"] for s in points} == pytest.approx(points)
    assert rows["chrf++", "change"]["value"] == pytest.approx(points["adapted"] - points["base"])
    samples = {s["item_id"]: s for s in files.read_jsonl(pair.ctx.out / "samples.jsonl")}
    assert len(samples) == 40
    first = samples[items[0]["id"]]
    assert first["prompt"] == items[0]["prompt_messages"][0]["content"]
    alone = CHRF(word_order=2).sentence_score(expected["adapted"][0], [references[0]]).score
    assert first["chrf_adapted"] == pytest.approx(alone)


def test_equal_systems_change_nothing(monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path) -> None:
    rows = Pair(monkeypatch, tmp_path, INDONESIAN, INDONESIAN, recipe(tiny_base)).rows()
    changes = [r for (_, system), r in rows.items() if system == "change"]
    assert len(changes) == len(OF_TEXT | OF_ANSWERS)
    for row in changes:
        bounds = (row["low"], row["high"])
        # Forty equal answers are no proof: only figures that are not shares of yes or no come from a bootstrap.
        assert row["value"] == 0.0
        assert (bounds[0] < 0 < bounds[1]) if "p_mcnemar" in row else bounds == (0.0, 0.0)  # type: ignore[operator]
    assert rows["answer_ended", "change"]["p_mcnemar"] == 1.0


def test_repeated_answers_are_averaged_and_each_metric_sees_its_cut(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    asked = recipe(
        tiny_base,
        prompts={
            "decoding": "sampling", "repeats": 3, "metric_tokens": {"bleu": 4, "semantic": 6},
            "semantic": [{"name": "kata", "encoder": "package:kata", "threshold": 0.5}],
        },
    )  # fmt: skip
    monkeypatch.setattr("rantau.model.encoder.encode", lambda texts, *_, **__: encode(texts))
    pair = Pair(monkeypatch, tmp_path, "tidak tahu", INDONESIAN, asked)
    rows = pair.rows()
    answers = files.read_jsonl(pair.folders["adapted"] / "answers.jsonl")
    items = files.read_jsonl(pair.folders["base"] / "items.jsonl")
    assert len(answers) == 3 * len(items) == 120
    references = [i["reference"] for i in items]
    by_draw = [[a["text"] for a in answers if a["draw"] == d] for d in range(3)]
    figures = [CHRF(word_order=2).corpus_score(texts, [references]).score for texts in by_draw]
    assert rows["chrf++", "adapted"]["value"] == pytest.approx(sum(figures) / 3)
    assert rows["chrf++", "adapted"]["sd_repeats"] == pytest.approx(stdev(figures))
    assert rows["chrf++", "adapted"]["n"] == 40
    cuts = [[a["cuts"]["4"] for a in answers if a["draw"] == d] for d in range(3)]
    bleu = [BLEU(force=True).corpus_score(texts, [references]).score for texts in cuts]
    assert rows["bleu", "adapted"]["value"] == pytest.approx(sum(bleu) / 3)
    assert "|seen_tokens:4|" in str(rows["bleu", "adapted"]["signature"])
    assert "|seen_tokens:6|" in str(rows["semantic_match", "adapted"]["signature"])
    assert {s for m, s in rows if m == "weighted_f1"} == SYSTEMS
    assert rows["answer_ended", "change"]["p_mcnemar"] == 1.0  # every draw of every item ended


def test_the_same_artefacts_give_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    pair = Pair(monkeypatch, tmp_path, "tidak tahu", INDONESIAN, recipe(tiny_base))
    pair.rows()
    first = {p.name: p.read_bytes() for p in pair.ctx.out.iterdir()}
    pair.rows()
    assert {p.name: p.read_bytes() for p in pair.ctx.out.iterdir()} == first
    assert set(first) == {"scores.json", "samples.jsonl", "gates.json"}


def test_a_language_that_cannot_be_told_has_words_instead_of_a_number(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    rows = Pair(monkeypatch, tmp_path, "tidak tahu", INDONESIAN, recipe(tiny_base, target="sun")).rows()
    row = rows["language_fidelity", "adapted"]
    assert row["value"] is None and row["low"] is None and row["n"] == 40
    assert "py3langid has no label for Sundanese" in str(row["reason"])
    assert rows["language_fidelity", "change"]["value"] is None


def test_an_encoder_in_a_folder_enters_the_key_by_its_content(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    assert COMPARE.fingerprint is not None
    assert COMPARE.fingerprint(recipe(tiny_base), tmp_path) == {}
    semantic = [{"name": n, "encoder": e} for n, e in (("own", "encoder"), ("shared", "package:kata"))]
    asked = recipe(tiny_base, prompts={"semantic": semantic})
    monkeypatch.chdir(tmp_path)
    first, other, again = fingerprints(COMPARE, asked, tmp_path, (b"a", b"b", b"a"))
    assert list(first) == ["encoder own"]
    assert first == again != other


def test_without_prompts_texts_are_compared(
    monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path
) -> None:
    pair = Pair(monkeypatch, tmp_path, "a", "b", recipe(tiny_base, prompts={"source": ""}))
    assert {metric for metric, _ in pair.rows()} == OF_TEXT
    assert not (pair.ctx.out / "samples.jsonl").exists()


def change_first_row(path: Path, **values: object) -> None:
    rows = files.read_jsonl(path)
    files.write_jsonl(path, [{**rows[0], **values}, *rows[1:]])


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("items.jsonl", {"reference": "Lain."}, "not measured on the same references: 1 of 40 differ"),
        ("texts.jsonl", {"bytes": 1}, "not measured on the same held-out texts: 1 of 20 differ"),
        ("answers.jsonl", {"prompt_sha256": "0"}, "does not answer items.jsonl"),
    ],
)
def test_unlike_questions_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    tiny_base: Path,
    tmp_path: Path,
    name: str,
    values: dict[str, object],
    message: str,
) -> None:
    pair = Pair(monkeypatch, tmp_path, "a", "b", recipe(tiny_base))
    change_first_row(pair.folders["adapted"] / name, **values)
    with pytest.raises(MeasureError, match=message):
        pair.rows()


def test_other_prompts_are_refused(monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path) -> None:
    pair = Pair(monkeypatch, tmp_path, "a", "b", recipe(tiny_base))
    change_first_row(pair.folders["adapted"] / "items.jsonl", prompt_sha256="0")
    change_first_row(pair.folders["adapted"] / "answers.jsonl", prompt_sha256="0")
    with pytest.raises(MeasureError, match="not measured on the same prompts: 1 of 41 differ"):
        pair.rows()
