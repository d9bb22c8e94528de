"""XCOPA, COPAL-ID, Global-MMLU-Lite, IndoNLI, NusaX and IndoMMLU."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rantau.stages.evaluation.benchmarks.readers.layout import Layout, Row, Tasks, listed, of_split

Files = Mapping[str, Sequence[Row]]
LETTERS = "ABCDE"
NLI = {"e": 0, "n": 1, "c": 2, "entailment": 0, "neutral": 1, "contradiction": 2}
SENTIMENT = {"negative": 0, "neutral": 1, "positive": 2}


def _copa(row: Row, *more: str) -> Row:
    columns = ("premise", "choice1", "choice2", "question", *more)
    return {c: row[c] for c in columns} | {"label": int(row["label"])}


def xcopa(files: Files) -> Tasks:
    rows = files["xcopa_id.parquet"]
    parts = {"test": "test", "validation": "val"}
    return {
        "xcopa_id": {name: [_copa(r) for r in of_split(rows, "split", value)] for name, value in parts.items()}
    }


def copal(files: Files) -> Tasks:
    rows = files["copal_id.parquet"]
    variant = {
        name: [_copa(r, "idx") | {"idx": str(r["idx"])} for r in of_split(rows, "variant", name)]
        for name in ("standard", "colloquial")
    }
    return {
        "copal_id_standard": {"test": variant["standard"]},
        "copal_id_colloquial": {"test_colloquial": variant["colloquial"]},
    }


def _global_mmlu(row: Row) -> Row:
    choices = [str(c) for c in listed(row["choices"])]
    options = {f"option_{letter}": text for letter, text in zip("abcd", choices, strict=True)}
    return {
        "sample_id": row["sample_id"],
        "subject": row["subject"],
        "subject_category": row["category"],
        "question": row["question"],
        **options,
        "answer": LETTERS[int(row["answer"])],
    }


def global_mmlu(files: Files) -> Tasks:
    """Each task reads the rows of one category; examples are drawn from all of that category."""
    tasks: Tasks = {}
    for language in ("id", "en"):
        splits = {s: [_global_mmlu(r) for r in files[f"{language}_{s}.parquet"]] for s in ("test", "dev")}
        for category in sorted({row["subject_category"] for row in splits["test"]}):
            name = f"global_mmlu_{language}_{category.lower().replace(' ', '_')}"
            tasks[name] = {s: of_split(rows, "subject_category", category) for s, rows in splits.items()}
    return tasks


def indonli(files: Files) -> Tasks:
    return {
        f"indonli_{kind}": {
            "test": [
                {"premise": r["premise"], "hypothesis": r["hypothesis"], "label": NLI[str(r["label"])]}
                for r in files["test.parquet"]
                if r["annotator_type"] == kind
            ]
        }
        for kind in ("lay", "expert")
    }


def nusax(files: Files) -> Tasks:
    rows = files["senti_test.parquet"]
    return {
        f"nusax_senti_{language}": {
            "test": [
                {"id": str(r["id"]), "text": r["text"], "label": SENTIMENT[r["label"]]}
                for r in of_split(rows, "lang", language)
            ]
        }
        for language in sorted({row["lang"] for row in rows})
    }


def _indommlu(row: Row) -> Row:
    """From its authors' table (soal, jawaban, kunci, level, kelas) or the hub's (question, options, answer)."""
    question, options = row.get("soal", row.get("question")), row.get("jawaban", row.get("options"))
    answer, grade = row.get("kunci", row.get("answer")), row.get("kelas", row.get("class"))
    lines = str("\n".join(listed(options)) if isinstance(options, list) else options)
    letters = list(LETTERS[: len([line for line in lines.split("\n") if line.strip()])])
    return {
        "subject": row["subject"],
        "level": _level(str(row["level"]), str(grade)),
        "question": str(question),
        "options": lines,
        "letters": letters,
        "answer": LETTERS.index(str(answer).strip().upper()),
    }


def _level(level: str, grade: str) -> str:
    """As its authors' prompt has it: the entrance test by name, else grade and school."""
    if level == "Seleksi PTN":
        return "seleksi masuk universitas"
    try:
        return f"{math.trunc(float(grade))} {level}"
    except ValueError:
        return f"{grade} {level}"


def indommlu(files: Files) -> Tasks:
    return {"indommlu": {"test": [_indommlu(row) for row in files["indoMMLU.csv"]]}}


LAYOUTS = (
    Layout(("xcopa_id.parquet",), ("premise", "choice1", "split"), xcopa),
    Layout(("copal_id.parquet",), ("premise", "choice1", "variant"), copal),
    Layout(("id_test.parquet", "id_dev.parquet", "en_test.parquet", "en_dev.parquet"),
           ("sample_id", "choices", "answer"), global_mmlu),
    Layout(("senti_test.parquet",), ("text", "label", "lang"), nusax),
    Layout(("indoMMLU.csv",), ("subject", "level"), indommlu),
    Layout(("test.parquet",), ("premise", "hypothesis", "annotator_type"), indonli),
)  # fmt: skip
