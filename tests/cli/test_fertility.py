"""rantau data fertility, as a user calls it."""

import json
from pathlib import Path

import pytest

from tests.flow.small import rantau, write_project
from tests.tiny import build_tiny_base, build_tiny_tokenizer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, and beside it a tokenizer without a model."""
    folder = tmp_path_factory.mktemp("fertility")
    write_project(folder, build_tiny_base(folder / "base"))
    build_tiny_tokenizer().save_pretrained(folder / "words")
    (folder / "empty").mkdir()
    return folder


def test_tokenizers_side_by_side_in_eighty_columns(project: Path) -> None:
    asked = ["--tokenizer", "base", "--tokenizer", "words"]
    result = rantau("data", "fertility", "small.yaml", *asked, cwd=project)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.endswith("entries)")] == ["base (400 entries)", "words (400 entries)"]
    assert max(map(len, lines)) <= 80 and " ".join(lines).count("try vocabulary.extend: 2000.") == 2
    tables = [line.split() for line in lines if line.startswith(("news", "english", "talks"))]
    assert tables[:3] == tables[3:] and [row[:2] for row in tables[:3]] == [
        ["english", "eng"], ["news", "ind"], ["talks", "ind"],
    ]  # fmt: skip


def test_json_has_the_same_and_the_base_is_the_default(project: Path) -> None:
    (found,) = json.loads(rantau("data", "fertility", "small.yaml", "-n", 40, "--json", cwd=project).stdout)
    rows = {row["source"]: row for row in found["rows"]}
    assert {row["n_documents"] for row in rows.values()} == {40}
    assert rows["english"]["against_source_language"] == 1 < rows["news"]["tokens_per_word"]
    assert found["savings"][0]["saved_share"] > 0.3 and found["n_tokens"] == 400


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("empty", "empty: no tokenizer there. Name a folder with tokenizer.json"),
        ("./missing", "no such file or folder"),
        ("package:nothing_at_all/x.gguf", "the package nothing_at_all is not installed"),
    ],
)
def test_a_place_without_a_tokenizer_is_told(project: Path, place: str, told: str) -> None:
    result = rantau("data", "fertility", "small.yaml", "--tokenizer", place, cwd=project)
    assert result.returncode == 2 and told in result.stderr and not result.stdout
