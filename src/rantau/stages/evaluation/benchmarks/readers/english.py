"""ARC, HellaSwag, MMLU, TruthfulQA, WinoGrande and GSM8K."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rantau.stages.evaluation.benchmarks.readers.layout import Layout, Row, Tasks, listed, set_apart

Files = Mapping[str, Sequence[Row]]
EXAMPLES = 40  # rows of a copy without a training part that only serve as examples
LETTERS = "ABCDE"


def _arc_question(row: Row) -> Row:
    """From columns query, choices, gold to those of the hub."""
    texts = [str(choice) for choice in listed(row["choices"])]
    labels = list(LETTERS[: len(texts)])
    question = str(row["query"]).removeprefix("Question: ")
    return {
        "question": question,
        "choices": {"text": texts, "label": labels},
        "answerKey": labels[int(row["gold"])],
    }


def _arc_example(row: Row) -> Row:
    choices = json.loads(row["choices"]) if isinstance(row["choices"], str) else row["choices"]
    return {"question": row["question"], "choices": choices, "answerKey": str(row["answerKey"])}


def arc(files: Files) -> Tasks:
    splits = {"test": [_arc_question(row) for row in files["arc_challenge_test.parquet"]]}
    if examples := files.get("arc_challenge_val.parquet"):
        splits["validation"] = [_arc_example(row) for row in examples]
    return {"arc_challenge": splits}


def _hellaswag(row: Row) -> Row:
    """The query is "activity: context"; the task puts it together again from its parts."""
    activity, _, context = str(row["query"]).partition(": ")
    return {
        "activity_label": activity,
        "ctx_a": context,
        "ctx_b": "",
        "endings": [str(c) for c in listed(row["choices"])],
        "label": str(row["gold"]),
    }


def hellaswag(files: Files) -> Tasks:
    asked, examples = set_apart([_hellaswag(row) for row in files["hellaswag.parquet"]], EXAMPLES)
    return {"hellaswag": {"validation": asked, "train": examples}}


def mmlu(files: Files) -> Tasks:
    tasks: Tasks = {}
    for name, split in (("test.parquet", "test"), ("dev_and_validation.parquet", "dev")):
        for row in files[name]:
            if split == "test" or row["split"] == "dev":
                kept = {
                    "question": row["question"],
                    "subject": row["subject"],
                    "choices": [str(c) for c in listed(row["choices"])],
                    "answer": int(row["answer"]),
                }
                tasks.setdefault(f"mmlu_{row['subject']}", {"test": [], "dev": []})[split].append(kept)
    return tasks


def _truths(row: Row) -> Row:
    right = [t.strip() for t in str(row["Correct Answers"]).split(";") if t.strip()]
    wrong = [t.strip() for t in str(row["Incorrect Answers"]).split(";") if t.strip()]
    best = str(row["Best Answer"]).strip()
    return {
        "question": row["Question"],
        "mc1_targets": {"choices": [best, *wrong], "labels": [1, *[0] * len(wrong)]},
        "mc2_targets": {"choices": [*right, *wrong], "labels": [1] * len(right) + [0] * len(wrong)},
    }


def truthfulqa(files: Files) -> Tasks:
    rows = [_truths(row) for row in files["truthfulqa_en.parquet"]]
    return {"truthfulqa_mc2": {"validation": rows}}


def translated_truthfulqa(files: Files) -> Tasks:
    rows = [
        {
            "question": row["question"],
            **{
                f"{kind}_targets": {
                    "choices": [str(c) for c in listed(row[f"{kind}_choices"])],
                    "labels": [int(v) for v in listed(row[f"{kind}_labels"])],
                }
                for kind in ("mc1", "mc2")
            },
        }
        for row in files["truthfulqa_id_mt_BROKEN.parquet"]
    ]
    return {"truthfulqa_id_mc2": {"validation": rows}}


def winogrande(files: Files) -> Tasks:
    columns = ("sentence", "option1", "option2")
    rows = [{c: row[c] for c in columns} | {"answer": str(row["answer"])} for row in
            files["winogrande_xl_val.parquet"]]  # fmt: skip
    asked, examples = set_apart(rows, EXAMPLES)
    return {"winogrande": {"validation": asked, "train": examples}}


def gsm8k(files: Files) -> Tasks:
    splits = {"test": "test.parquet", "train": "train.parquet"}
    return {
        "gsm8k": {
            split: [{"question": row["question"], "answer": row["answer"]} for row in files[name]]
            for split, name in splits.items()
        }
    }


PART = f"no training part: the last {EXAMPLES} questions serve as examples and are not asked"
LAYOUTS = (
    Layout(("arc_challenge_test.parquet",), ("query", "choices", "gold"), arc, ("arc_challenge_val.parquet",),
           "no training part: examples from the validation part"),
    Layout(("hellaswag.parquet",), ("query", "choices", "gold"), hellaswag, note=PART),
    Layout(("dev_and_validation.parquet", "test.parquet"), ("subject", "choices", "split"), mmlu),
    Layout(("truthfulqa_en.parquet",), ("Question", "Correct Answers"), truthfulqa,
           note="answers from the authors' table"),
    Layout(("truthfulqa_id_mt_BROKEN.parquet",), ("question", "mc2_choices"), translated_truthfulqa),
    Layout(("winogrande_xl_val.parquet",), ("sentence", "option1"), winogrande, note=PART),
    Layout(("test.parquet", "train.parquet"), ("question", "answer"), gsm8k),
)  # fmt: skip
