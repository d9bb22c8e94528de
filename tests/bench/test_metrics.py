"""The benches of the metrics: degenerate systems, and correlations with people."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench.metrics.degenerate import OTHER_WORDS, markdown, measured
from bench.metrics.material import CONSTANT, Material, indonesian
from bench.metrics.ratings import correlation, of_answers, rated, with_reference, within_prompts
from bench.metrics.separation import row
from scipy.stats import spearmanr

from rantau.stages.evaluation.metrics.separation import Separation

REFERENCES = (
    "Kucing itu tidur di atas kursi.",
    "Hujan turun deras sekali hari ini.",
    "Ibu membeli sayur di pasar pagi.",
)
ENGLISH = (
    "The cat sleeps on the chair.",
    "It rains heavily today.",
    "Mother buys vegetables at the morning market.",
)
MATERIAL = Material(
    "coba", "ind", ENGLISH, REFERENCES, ENGLISH, (("Aku gagal.", "Saya gagal."), ("Ya.", "Betul."))
)


def test_degenerate_systems_answer_every_item() -> None:
    systems = MATERIAL.systems()
    assert all(len(answers) == 3 for answers in systems.values())
    other = systems["another sentence"]
    assert set(other) == set(REFERENCES) and all(a != r for a, r in zip(other, REFERENCES, strict=True))
    salad = systems["words of another sentence, shuffled"]
    assert [sorted(t.split()) for t in salad] == [sorted(t.split()) for t in other]
    assert systems["a constant"] == (CONSTANT["ind"],) * 3
    assert MATERIAL.systems() == systems


def test_the_table_has_a_row_a_system() -> None:
    found, signatures = measured(MATERIAL, encoders=())
    right, constant = found["the reference"], found["a constant"]
    assert right["BLEU"].value == pytest.approx(100) and constant["BLEU"].value < 5  # a full stop is shared
    assert right["exact"].value == 1.0
    assert found["its translation"]["copied"].value == 1.0
    assert found[OTHER_WORDS]["BLEU"].n == 2
    assert signatures[0].startswith("BLEU|nrefs:1")
    lines = markdown(MATERIAL, found).splitlines()
    assert lines[2].startswith("| system | n | BLEU | chrF++ | ROUGE-1 |")
    assert lines[4].startswith("| the reference | 3 | 100.0 | 100.0 |")
    assert lines[-1].startswith("Half widths of the 95 % intervals")


def test_other_words_come_from_one_sentence_with_two_translations(tmp_path: Path) -> None:
    nusax = [{"english": "Hi.", "indonesian": "Hai."}]
    pairs = [("tatoeba x", "a", "1"), ("tatoeba x", "a", "2"), ("tatoeba x", "b", "3"), ("python-docs", "c", "4"),
             ("python-docs", "c", "5")]  # fmt: skip
    for name, rows in (
        ("bench_nusax/mt_test", nusax),
        ("parallel_en_id/pairs", [{"source": s, "en": e, "id": i} for s, e, i in pairs]),
    ):
        (tmp_path / name).parent.mkdir()
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    assert indonesian(tmp_path).other_words == (("1", "2"),)


def test_the_row_of_an_encoder_says_whether_it_was_warned_about() -> None:
    found = Separation(0.7152, "auto", 85556, 0.01, 0.574, 0.641)
    assert row("NusaX", "minilm", 293, found) == "| NusaX, 293 | minilm | 57.4 % | 0.715 | 0.641 | yes |"
    assert row("NusaX", "use", 9, Separation(0.4, "auto", 72, 0.01, 0.0, None)).endswith(
        "| 0.0 % | 0.400 |  | no |"
    )


def people(tmp_path: Path) -> Path:
    rows = [
        {"Model": m, "Input": i, "Pred": p, "R1": g[0], "R2": g[1], "R3": g[2]}
        for i, m, p, g in [
            ("Apa itu?", "a", "Itu kucing yang lucu.", "AAA"),
            ("Apa itu?", "b", "Itu kucing.", "AAB"),
            ("Apa itu?", "c", None, "DDD"),
            ("Siapa?", "a", "Budi", "BBC"),
        ]
    ]
    folder = tmp_path / "eval_cendol_human_ratings"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "ratings_ind.parquet")
    return tmp_path


def test_a_best_answer_stands_for_the_reference_and_is_not_measured(tmp_path: Path) -> None:
    rows = rated(people(tmp_path))
    assert [r["grade"] for r in rows if r["Input"] == "Apa itu?"] == pytest.approx([3, 8 / 3, 0])
    referred = with_reference(rows)
    assert [(r["Model"], r["reference"]) for r in referred] == [
        ("b", "Itu kucing yang lucu."),
        ("c", "Itu kucing yang lucu."),
    ]
    assert of_answers(rows)["answer_words"].tolist() == [4, 2, 0, 1]


def test_correlations_are_over_prompts() -> None:
    draw = np.random.default_rng(0)
    prompts = [f"p{i // 4}" for i in range(80)]
    grades = draw.normal(size=80) + np.repeat(draw.normal(0, 3, 20), 4)
    values = grades + draw.normal(size=80)
    rho, low, high = correlation(values, grades, prompts)
    assert rho == pytest.approx(spearmanr(values, grades).statistic) and low < rho < high
    inside = within_prompts(values, grades, prompts)
    assert all(abs(column[i : i + 4].sum()) < 1e-9 for column in inside for i in range(0, 80, 4))
    shifted = within_prompts(values + np.repeat(draw.normal(0, 9, 20), 4), grades, prompts)
    assert shifted[0] == pytest.approx(inside[0])
