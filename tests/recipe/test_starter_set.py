"""The starter set: Cendol schema, eight subsets, nothing empty, nothing copied within."""

from collections import Counter
from pathlib import Path

from rantau import files

PATH = Path(__file__).parents[2] / "recipes" / "data" / "starter_ind.jsonl"
COLUMNS = {"dataset_name", "subset_name", "prompt_id", "template_name", "dataset_key", "input", "output"}


def runs_of_words(text: str, n: int = 8) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def test_rows() -> None:
    rows = files.read_jsonl(PATH)
    assert len(rows) >= 400
    assert all(set(row) == COLUMNS and row["input"].strip() and row["output"].strip() for row in rows)
    assert len({row["prompt_id"] for row in rows}) == len({row["input"] for row in rows}) == len(rows)
    assert min(Counter(row["subset_name"] for row in rows).values()) >= 30
    assert len({row["subset_name"] for row in rows}) >= 8


def test_no_two_rows_share_eight_words() -> None:
    owner: dict[tuple[str, ...], str] = {}
    for row in files.read_jsonl(PATH):
        for run in runs_of_words(row["input"]) | runs_of_words(row["output"]):
            assert owner.setdefault(run, row["prompt_id"]) == row["prompt_id"], " ".join(run)
