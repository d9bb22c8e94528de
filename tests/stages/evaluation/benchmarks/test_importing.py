"""Benchmark files as people hand them on become files that the harness reads; unsound ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rantau import files
from rantau.errors import DataError, SourceError
from rantau.stages.evaluation.benchmarks.catalogue import OWN, benchmark_of_task, catalogue, named
from rantau.stages.evaluation.benchmarks.importing import ROW, import_benchmarks
from rantau.stages.evaluation.benchmarks.local import read_index
from rantau.stages.evaluation.benchmarks.readers import english, indonesian, korean
from rantau.stages.evaluation.benchmarks.soundness import faults
from tests.stages.evaluation.benchmarks.material import copa_rows, write_task


def parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_table(path, pa.Table.from_pylist(rows))


def test_the_catalogue_names_what_people_ask_for() -> None:
    wanted = ("arc", "hellaswag", "mmlu", "truthfulqa", "winogrande", "gsm8k", "xcopa_id", "copal_id", "indommlu",
              "global_mmlu_id", "indonli", "nusax", "belebele_id", "kobest", "kmmlu", "haerae", "click",
              "ko_commongen")  # fmt: skip
    assert set(wanted) <= set(catalogue())
    shots = {name: catalogue()[name].shots for name in wanted[:6]}
    assert shots == {"arc": 25, "hellaswag": 10, "mmlu": 5, "truthfulqa": 0, "winogrande": 5, "gsm8k": 5}
    assert (len(catalogue()["mmlu"].tasks), len(catalogue()["kmmlu"].tasks)) == (57, 45)
    assert all((OWN / str(b.definition)).is_file() for b in catalogue().values() if b.own)
    assert len(benchmark_of_task()) == sum(len(b.tasks) for b in catalogue().values())


def test_a_task_alone_keeps_the_shots_of_its_benchmark() -> None:
    anatomy = named("mmlu_anatomy")
    assert (anatomy.name, anatomy.tasks, anatomy.shots, anatomy.metric) == (
        "mmlu_anatomy",
        ("mmlu_anatomy",),
        5,
        "acc",
    )
    assert named("nusax_senti_jav").language == "jav"
    assert named("anything_else").tasks == ("anything_else",)


def test_the_authors_files_become_the_hubs_columns(tmp_path: Path) -> None:
    rows = [r | {"split": ("val", "test")[i % 2]} for i, r in enumerate(copa_rows(6))]
    parquet(tmp_path / "somewhere" / "xcopa_id.parquet", rows)
    (told,) = import_benchmarks(tmp_path, tmp_path / "out")
    assert (told.task, told.rows, told.refused) == ("xcopa_id", 3, None)
    entry = read_index(tmp_path / "out")["xcopa_id"]
    assert entry.rows == {"test": 3, "validation": 3}
    read = list(files.read_parquet(tmp_path / "out" / entry.files["test"]))
    assert [r["premise"] for r in read] == [r["premise"] for r in rows if r["split"] == "test"]
    assert [r[ROW] for r in read] == [0, 1, 2]
    assert {type(r["label"]) for r in read} == {int}


def test_a_folder_named_like_a_task_is_taken_as_it_is(tmp_path: Path) -> None:
    write_task(tmp_path / "raw", "belebele_ind_Latn", "test", [{"flores_passage": "x", "correct_answer_num": "1"}])
    import_benchmarks(tmp_path / "raw", tmp_path / "out")
    write_task(tmp_path / "more", "kmmlu_law", "dev", [{"question": "x", "answer": 1}])
    import_benchmarks(tmp_path / "more", tmp_path / "out")
    assert set(read_index(tmp_path / "out")) == {"belebele_ind_Latn", "kmmlu_law"}  # the first is kept


def test_importing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_task(tmp_path / "raw", "xcopa_id", "test", [r | {"label": 1} for r in copa_rows(4)])
    digests = set()
    for out in ("a", "b"):
        import_benchmarks(tmp_path / "raw", tmp_path / out)
        digests.add(files.sha256_folder(tmp_path / out))
    assert len(digests) == 1


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    broken = {
        "question": "Negara terkecil?", "mc1_choices": ["a", "b", "c", "d", "e"], "mc1_labels": [1, 0, 0, 0],
        "mc2_choices": ["a", "b", "c", "d", "e"], "mc2_labels": [1, 0, 0, 0],
    }  # fmt: skip
    parquet(tmp_path / "raw" / "truthfulqa_id_mt_BROKEN.parquet", [broken] * 3)
    (told,) = import_benchmarks(tmp_path / "raw", tmp_path / "out")
    assert told.refused == "validation: row 1: mc1_targets has 5 choices and 4 labels"
    assert read_index(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "no rows"),
        ([{"question": "q"}], "no column with the answer (one of answer, label"),
        ([{"question": "q", "choices": ["a", "b"], "answer": 2}], "row 1: the answer 2 names none of 2 choices"),
        ([{"question": "q", "choices": ["a"], "answer": 0}], "row 1: 1 choices"),
        ([{"question": " ", "choices": ["a", "b"], "answer": 0}], "row 1: no text"),
        ([{"question": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "C"}],
         "row 1: the answer C is none of A, B"),
        ([{"question": f"q{i}", "mc2_targets": {"choices": ["a", "b"], "labels": [1, 0]}} for i in range(12)],
         "12 of 12 rows have one and the same choices"),
        ([{"question": "q", "mc2_targets": {"choices": ["a", "b"], "labels": [1, 1]}}],
         "row 1: mc2_targets has no right answer, or no wrong one"),
    ],
)  # fmt: skip
def test_faults(rows: list[dict[str, Any]], fault: str) -> None:
    assert faults(rows)[0].startswith(fault)


def test_sound_rows_have_no_faults() -> None:
    scenarios = [{"question": f"q{i}", "choices": ["Wrong, wrong indeed", "Not wrong at all"], "answer": 1}
                 for i in range(20)]  # fmt: skip
    assert faults(scenarios) == []  # the same choices everywhere, by design
    assert faults([r | {"label": int(r["label"])} for r in copa_rows(5)]) == []


def test_readers_of_the_authors_columns() -> None:
    arc = english.arc({"arc_challenge_test.parquet": [
        {"query": "Question: What melts?", "choices": "['Ice', 'Iron', 'Rock']", "gold": "0"}]})  # fmt: skip
    (row,) = arc["arc_challenge"]["test"]
    assert row == {"question": "What melts?", "answerKey": "A",
                   "choices": {"text": ["Ice", "Iron", "Rock"], "label": ["A", "B", "C"]}}  # fmt: skip
    quiz = {"subject": "Sejarah", "soal": "Siapa?", "jawaban": "A. Ani\nB. Budi\nC. Cici", "kunci": "B"}
    level = {"level": "SMA", "kelas": "10.0"}
    (asked,) = indonesian.indommlu({"indoMMLU.csv": [quiz | level]})["indommlu"]["test"]
    assert (asked["level"], asked["letters"], asked["answer"]) == ("10 SMA", ["A", "B", "C"], 1)
    (entrance,) = indonesian.indommlu({"indoMMLU.csv": [quiz | {"level": "Seleksi PTN", "kelas": "-"}]})[
        "indommlu"
    ]["test"]
    assert entrance["level"] == "seleksi masuk universitas"
    made = korean.ko_commongen({
        "korean_commongen_v2_847_shuffled.jsonl": [
            {"concept_set": "나#하다", "1": "가", "2": "나", "3": "다", "4": "라", "gold": 3}],
        "v2_5shot.jsonl": [],
    })["ko_commongen_v2"]["test"]  # fmt: skip
    assert made == [{"concepts": "{나, 하다}", "choices": ["1. 가", "2. 나", "3. 다", "4. 라"], "gold": 2}]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        import_benchmarks(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no benchmark is known in it"):
        import_benchmarks(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(SourceError, match="import-benchmarks DIR --to empty"):
        read_index(tmp_path / "empty")


def test_a_row_that_does_not_fit_names_the_file(tmp_path: Path) -> None:
    parquet(tmp_path / "raw" / "xcopa_id.parquet", [{"premise": "a", "choice1": "b", "split": "test"}])
    with pytest.raises(DataError, match=r"xcopa_id\.parquet has a row that does not fit"):
        import_benchmarks(tmp_path / "raw", tmp_path / "out")
