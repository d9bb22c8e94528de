"""KoBEST and Ko-CommonGen V2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rantau.errors import DataError
from rantau.stages.evaluation.benchmarks.readers.layout import Layout, Row, Splits, Tasks

Files = Mapping[str, Sequence[Row]]
PARTS = {"train": "train", "validation": "dev", "test": "test"}


def _truth(value: object) -> int:
    """The authors' tables write True, TRUE, False, 1 or 0."""
    known = {"true": 1, "1": 1, "false": 0, "0": 0}
    text = str(value).strip().lower()
    if text not in known:
        raise DataError(f"expected true or false, got {value!r}.")
    return known[text]


def _boolq(row: Row) -> Row:
    return {"paragraph": row["Text"], "question": row["Question"], "label": _truth(row["Answer"])}


def _copa(row: Row) -> Row:
    return {
        "premise": row["sentence"],
        "question": row["question"],
        "alternative_1": row["1"],
        "alternative_2": row["2"],
        "label": int(row["Answer"]) - 1,
    }


def _hellaswag(row: Row) -> Row:
    endings = {f"ending_{n}": row[f"choice{n}"] for n in range(1, 5)}
    return {"context": row["context"], **endings, "label": int(row["label"])}


def _sentineg(row: Row) -> Row:
    return {"sentence": row["Text"], "label": _truth(row["Label"])}


def _wic(row: Row) -> Row:
    return {
        "word": row["Target"],
        "context_1": row["SENTENCE1"],
        "context_2": row["SENTENCE2"],
        "label": _truth(row["ANSWER"]),
    }


def _kobest(name: str, of_row: Callable[[Row], Row], files: Files) -> Tasks:
    splits: Splits = {
        split: [of_row(row) for row in files[f"{name}_{part}.parquet"]] for split, part in PARTS.items()
    }
    return {f"kobest_{name}": splits}


def ko_commongen(files: Files) -> Tasks:
    splits = {"test": "korean_commongen_v2_847_shuffled.jsonl", "train": "v2_5shot.jsonl"}
    return {"ko_commongen_v2": {split: [_commongen(row) for row in files[name]] for split, name in splits.items()}}


def _commongen(row: Row) -> Row:
    return {
        "concepts": "{" + str(row["concept_set"]).replace("#", ", ") + "}",
        "choices": [f"{n}. {row[str(n)]}" for n in range(1, 5)],
        "gold": int(row["gold"]) - 1,
    }


KOBEST: dict[str, tuple[Callable[[Row], Row], tuple[str, ...]]] = {
    "boolq": (_boolq, ("Text", "Question", "Answer")),
    "copa": (_copa, ("sentence", "question", "Answer")),
    "hellaswag": (_hellaswag, ("context", "choice1", "label")),
    "sentineg": (_sentineg, ("Text", "Label")),
    "wic": (_wic, ("Target", "SENTENCE1", "ANSWER")),
}
LAYOUTS = (
    *(
        Layout(tuple(f"{name}_{part}.parquet" for part in PARTS.values()), columns, partial(_kobest, name, of_row))
        for name, (of_row, columns) in KOBEST.items()
    ),
    Layout(("korean_commongen_v2_847_shuffled.jsonl", "v2_5shot.jsonl"), ("concept_set", "gold"), ko_commongen),
)
