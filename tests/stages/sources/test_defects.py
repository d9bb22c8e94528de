"""Rows that a broken prompt template made."""

from pathlib import Path

import pytest

from rantau.errors import DataError, SourceError
from rantau.records import Message
from rantau.stages.sources.defects import refuse_template_defects
from rantau.stages.sources.rows import BadRow
from tests.stages.sources.given import SHARED, gather, jsonl, parquet, read, recipe

DEFECTS = {
    "answer_choice[label]": "template placeholder",
    "Sentimen: {{ answer_choices[label] }}": "template placeholder",
    "Jawab {{ question | lower }} ini": "template placeholder",
    "{% if x %}a{% endif %}": "template placeholder",
    "['positif', 'negatif']": "printed list",
}


@pytest.mark.parametrize("answer", DEFECTS)
def test_defects_are_named(answer: str) -> None:
    with pytest.raises(BadRow) as caught:
        refuse_template_defects([Message("user", "Apa sentimennya?"), Message("assistant", answer)])
    assert caught.value.reason == DEFECTS[answer]


def test_a_list_printed_into_a_question() -> None:
    with pytest.raises(BadRow, match="the user turn prints a Python list"):
        refuse_template_defects([Message("user", "Buat pertanyaan yang jawabannya adalah \"['Italia']\":")])


@pytest.mark.parametrize(
    "text",
    [
        "[ -d <jalan/menuju/direktori> ]",
        "[1, 2, 3]",
        "Pakai {{lang-el|x}} di wiki",
        "x = {'a': {'b': 1}}",
        "[kosong]",
    ],
)
def test_what_only_looks_like_a_defect_stays(text: str) -> None:
    refuse_template_defects([Message("user", "Tulis kode: print(['a', 'b'])"), Message("assistant", text)])


def test_choices_that_never_change_and_labels_that_do_not_match(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Tanya {i}?", "completion": "Ya.", "mc1_choices": ["a", "b"], "mc1_labels": [1, 0]}
        for i in range(3)
    ]
    parquet(tmp_path / "same.parquet", rows)
    with pytest.raises(DataError, match=r'same.parquet row 1: "mc1_choices" is the same in every row of the file'):
        read(tmp_path, "same.parquet")
    rows[1] = {**rows[1], "mc1_choices": ["a", "b", "c"]}
    parquet(tmp_path / "odd.parquet", rows)
    documents, dropped = read(tmp_path, "odd.parquet", on_bad_row="drop")
    assert len(documents) == 2
    assert [(d.row, d.reason) for d in dropped] == [(2, "labels do not match choices")]


def test_nothing_usable_is_an_error_even_when_rows_may_be_dropped(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"input": "a", "output": "answer_choice[label]"}] * 2)
    asked = recipe({"name": "a", "path": "a.jsonl", "on_bad_row": "drop"})
    with pytest.raises(SourceError, match=r"none of 2 rows is usable \(template placeholder: 2\)"):
        gather(asked, tmp_path, tmp_path / "out")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_every_known_defect_of_the_collection_is_found() -> None:
    folder = SHARED / "instruct_id"
    documents, dropped = read(folder, "known_template_defects.parquet", on_bad_row="drop")
    assert documents == []
    assert {d.reason for d in dropped} == {"template placeholder", "printed list"}


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_the_broken_truthfulqa_is_refused() -> None:
    folder = SHARED / "broken_truthfulqa_id_cendol"
    with pytest.raises(DataError, match="is the same in every row of the file"):
        read(folder, "truthfulqa_id_mt_BROKEN.parquet", columns={"prompt": "question"})
