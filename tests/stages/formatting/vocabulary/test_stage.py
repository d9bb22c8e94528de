"""The stage as a whole: an exact tokenizer, words, figures; and a pipeline that has it only where it is asked."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import RecipeError
from rantau.files import document_schema, read_json, sha256_folder, write_parquet
from rantau.machine import Machine
from rantau.model.tokenizer import load_tokenizer
from rantau.pipeline import stages_of
from rantau.recipe import Model, Recipe, Vocabulary, check_recipe
from rantau.records import Document
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.formatting.vocabulary import counting
from rantau.stages.formatting.vocabulary.stage import VOCABULARY, Learnt, learn_vocabulary
from tests.stages.formatting.rows import CPT, SFT, SOURCES, document

NEWS = ["Mereka menanam padi di sawah; mereka pulang.", "Mereka memanen padi di sawah, lalu mereka tidur."]
UNSEEN = "Lalu mereka menanam padi di rumah."


def recipe(base: Path, **vocabulary: Any) -> Recipe:
    return check_recipe(
        {
            "name": "small",
            "language": {"target": "ind"},
            "model": {"base": str(base)},
            "sources": SOURCES,
            "phases": [CPT, SFT],
            "evaluation": {"texts": [{"name": "berita", "source": "berita"}]},
            **({"vocabulary": vocabulary} if vocabulary else {}),
        },
        where="small.yaml",
    )


def context(folder: Path, base: Path, *, workers: int = 1, **vocabulary: Any) -> Context:
    english = document(9, "The farmers harvest rice, the farmers sleep", source="english", language="eng")
    phases = {
        "cpt": [*(document(n, text) for n, text in enumerate(NEWS)), english],
        "sft": [document(7, "Apa kabar mereka?")],
    }
    for name, rows in {**{f"mix/phases/{n}": r for n, r in phases.items()}, "gather/heldout/berita": [document(5, UNSEEN)]}.items():  # fmt: skip  # noqa: E501
        write(folder / f"{name}.parquet", rows)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    declared = Declared(recipe(base, **vocabulary), VOCABULARY.slices)
    inputs = {"gather": folder / "gather", "mix": folder / "mix"}
    return Context(declared, folder, inputs, out, Machine(workers=workers), Progress(quiet=True))


def write(path: Path, documents: list[Document]) -> None:
    write_parquet(path, (d.to_row() for d in documents), document_schema())


def test_figures_are_those_of_the_two_tokenizers(tmp_path: Path, tiny_base: Path) -> None:
    ctx = context(tmp_path, tiny_base, extend=4)
    learnt, summary = learn_vocabulary(ctx), read_json(ctx.out / "summary.json")
    base = load_tokenizer(Model(base=str(tiny_base)))
    extended = load_tokenizer(Model(base=str(tiny_base)), vocabulary=ctx.out)
    assert len(extended) == len(base) + 4
    for side, texts in (("training", [*NEWS, "Apa kabar mereka?"]), ("held_out", [UNSEEN])):
        assert summary[f"{side}_tokens_before"] == sum(len(base(t).input_ids) for t in texts)
        assert summary[f"{side}_tokens_after"] == sum(len(extended(t).input_ids) for t in texts)
    kept = summary["held_out_tokens_after"] / summary["held_out_tokens_before"]
    assert summary["held_out_saved_share"] == pytest.approx(1 - kept)
    assert summary["training_by_language"]["eng"]["documents"] == 1
    assert asdict(learnt) == {name: summary[name] for name in asdict(learnt)}
    assert summary["examples"][0]["text"] == " mereka"


def test_words_say_their_ids_and_pieces(tmp_path: Path, tiny_base: Path) -> None:
    ctx = context(tmp_path, tiny_base, extend=4)
    learn_vocabulary(ctx)
    facts = read_json(ctx.out / "words.json")
    base = load_tokenizer(Model(base=str(tiny_base)))
    extended = load_tokenizer(Model(base=str(tiny_base)), vocabulary=ctx.out)
    assert facts["first_id"] == len(base)
    for n, word in enumerate(facts["words"]):
        assert word["id"] == len(base) + n == extended.convert_tokens_to_ids(word["token"])
        assert base.decode(word["pieces"]) == word["text"] == extended.decode([word["id"]])
        assert word["saved"] == word["count"] * (len(word["pieces"]) - 1) > 0


def test_sources_decide_what_is_counted(tmp_path: Path, tiny_base: Path) -> None:
    ctx = context(tmp_path, tiny_base, extend=10, sources=["english"])
    learn_vocabulary(ctx)
    words = {word["text"] for word in read_json(ctx.out / "words.json")["words"]}
    assert words == {" farmers"}  # the one word that stands there twice


def test_fewer_words_than_asked_are_told(tmp_path: Path, tiny_base: Path) -> None:
    learnt = learn_vocabulary(context(tmp_path, tiny_base, extend=500))
    assert 0 < learnt.words == learnt.candidates < 500 == learnt.asked


def test_no_text_to_learn_from_is_told(tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(RecipeError, match=r"no training text .* \['obrolan'\].* berita \(ind\), english \(eng\)"):
        learn_vocabulary(context(tmp_path, tiny_base, extend=4, sources=["obrolan"]))


def test_workers_and_leftovers_do_not_change_the_bytes(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = context(tmp_path / "a", tiny_base, extend=4), context(tmp_path / "b", tiny_base, extend=4, workers=2)  # fmt: skip  # noqa: E501
    learn_vocabulary(first)
    monkeypatch.setattr(counting, "FEW_ROWS", 0)
    (second.out / "words.json").write_text("cut")
    learn_vocabulary(second)
    for name in ("words.json", "summary.json", "tokenizer/tokenizer.json"):
        assert (first.out / name).read_bytes() == (second.out / name).read_bytes()
    assert sha256_folder(first.out / "tokenizer") == sha256_folder(second.out / "tokenizer")


def test_only_a_recipe_that_asks_for_words_has_the_stage(tiny_base: Path) -> None:
    plain, asked = recipe(tiny_base), recipe(tiny_base, extend=4)
    stages = {name: {s.name: s for s in stages_of(r)} for name, r in (("plain", plain), ("asked", asked))}
    assert "vocabulary" not in stages["plain"] and "vocabulary" in stages["asked"]
    for name, stage in stages["plain"].items():
        assert "vocabulary" not in stage.needs
        if name != "report":
            assert not any(part.startswith("vocabulary") for part in stage.slices), name
    needing = {name for name, stage in stages["asked"].items() if "vocabulary" in stage.needs}
    assert needing == {"format", "train-cpt", "train-sft", "answer-adapted", "report", "export"}
    assert stages["plain"]["answer-base"].needs == stages["asked"]["answer-base"].needs


def test_the_default_asks_for_nothing() -> None:
    assert Vocabulary().extend == 0 and Learnt.__slots__[0] == "words"
