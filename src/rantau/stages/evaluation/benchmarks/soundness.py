"""Is a benchmark's data fit to be asked? Published copies come with labels that do not fit their choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rantau.stages.evaluation.benchmarks.readers.layout import Row

TEXT = ("question", "premise", "sentence", "query", "ctx_a", "text", "paragraph", "context", "flores_passage")
ANSWERS = ("answer", "label", "gold", "answerKey", "correct_answer_num", "mc2_targets")
MOST_SHARED = 0.5


def faults(rows: Sequence[Row]) -> list[str]:
    """What makes the rows unfit to be asked; empty if nothing does.

    Looked for: no rows, no column with an answer, no text, fewer than two choices, an answer that names none of
    them, labels that are not as many as their choices, one list of choices and labels for most questions
    """
    if not rows:
        return ["no rows"]
    if not set(ANSWERS) & set(rows[0]):
        return [f"no column with the answer (one of {', '.join(ANSWERS)})"]
    found = [f"row {n}: {fault}" for n, row in enumerate(rows, start=1) for fault in _faults(row)]
    return found + _one_for_all(rows)


def _faults(row: Row) -> list[str]:
    said = [column for column in TEXT if column in row]
    if said and not any(str(row[column]).strip() for column in said):
        return ["no text"]
    found = []
    for column in ("mc1_targets", "mc2_targets"):
        if column in row:
            choices, labels = row[column]["choices"], row[column]["labels"]
            if len(choices) != len(labels):
                found.append(f"{column} has {len(choices)} choices and {len(labels)} labels")
            elif not 0 < sum(labels) < len(labels):
                found.append(f"{column} has no right answer, or no wrong one")
    choices = _choices(row)
    if choices is not None:
        found += _choice_faults(choices, row)
    return found


def _choices(row: Row) -> list[Any] | None:
    value = row.get("choices", row.get("endings", row.get("letters")))
    if isinstance(value, dict):
        value = value["text"]
    return None if value is None else list(value)


def _choice_faults(choices: list[Any], row: Row) -> list[str]:
    if len(choices) < 2:
        return [f"{len(choices)} choices"]
    if "answerKey" in row:
        labels = [str(label) for label in row["choices"]["label"]]
        if str(row["answerKey"]) not in labels:
            return [f"the answer {row['answerKey']} is none of {', '.join(labels)}"]
        return []
    answer = next((row[c] for c in ("answer", "gold", "label") if c in row), None)
    if isinstance(answer, int | str) and str(answer).lstrip("-").isdigit() and not 0 <= int(answer) < len(choices):
        return [f"the answer {answer} names none of {len(choices)} choices"]
    return []


def _one_for_all(rows: Sequence[Row]) -> list[str]:
    """Letters and labels are the same everywhere by design; statements that are true or false are not."""
    lists = Counter(tuple(row["mc2_targets"]["choices"]) for row in rows if "mc2_targets" in row)
    most = max(lists.values(), default=0)
    if len(rows) >= 10 and most > MOST_SHARED * len(rows):
        return [f"{most} of {len(rows)} rows have one and the same choices"]
    return []
