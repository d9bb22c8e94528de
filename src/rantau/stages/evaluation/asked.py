"""What an answer stage left: read again, and refused where two systems were not asked the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import MeasureError
from rantau.records import Answer
from rantau.stages.evaluation.in_context.asking import ProbeScore
from rantau.stages.evaluation.likelihood.texts import TextScore
from rantau.stages.evaluation.prompts.answers import answer_of_row

TEXTS, ITEMS, ANSWERS, PROMPTS = "texts.jsonl", "items.jsonl", "answers.jsonl", "prompts.json"
IN_CONTEXT = "in_context.jsonl"


@dataclass(frozen=True, slots=True)
class Asked:
    """One system's artefact. items and answers are empty when the recipe has no prompts.

    answers     item by item in the order of items, and for each its draws from 0
    in_context  question by question, without examples and with them; empty when the recipe has no probe
    """

    texts: tuple[TextScore, ...]
    items: tuple[dict[str, Any], ...]
    answers: tuple[Answer, ...]
    prompts_sha256: str
    in_context: tuple[ProbeScore, ...] = ()


def read_asked(folder: Path, *, with_prompts: bool, with_probe: bool) -> Asked:
    """The finished artefact in `folder`.

    Raises   MeasureError if an answer is missing or belongs to another prompt
    """
    texts = tuple(TextScore(**row) for row in files.read_jsonl(folder / TEXTS))
    probe = tuple(ProbeScore(**row) for row in files.read_jsonl(folder / IN_CONTEXT)) if with_probe else ()
    if not with_prompts:
        return Asked(texts, (), (), "", probe)
    items = tuple(files.read_jsonl(folder / ITEMS))
    answers = tuple(answer_of_row(row) for row in files.read_jsonl(folder / ANSWERS))
    repeats = max(len(answers) // max(len(items), 1), 1)
    wanted = [(i["id"], i["prompt_sha256"], draw) for i in items for draw in range(repeats)]
    if wanted != [(a.item_id, a.prompt_sha256, a.draw) for a in answers]:
        raise MeasureError(f"{folder}: {ANSWERS} does not answer {ITEMS}. Delete this folder and run again.")
    return Asked(texts, items, answers, str(files.read_json(folder / PROMPTS)["sha256"]), probe)


def refuse_unlike(base: Asked, adapted: Asked) -> None:
    """Raises MeasureError unless both systems saw the same bytes: a difference would measure the prompts."""
    for what, key in (
        ("prompts", _prompts), ("references", _references), ("held-out texts", _texts), ("examples", _probe),
    ):  # fmt: skip
        first, second = key(base), key(adapted)
        if first != second:
            n = sum(a != b for a, b in zip(first, second, strict=False)) + abs(len(first) - len(second))
            raise MeasureError(
                f"base and adapted were not measured on the same {what}: {n} of {len(first)} differ. "
                "No change can be computed. Run both answer stages again with one recipe."
            )


def _prompts(asked: Asked) -> Sequence[object]:
    return [asked.prompts_sha256, *((i["id"], i["prompt_sha256"]) for i in asked.items)]


def _references(asked: Asked) -> Sequence[object]:
    return [(i["id"], i["reference"], i["reference_cut"], i.get("reference_cuts")) for i in asked.items]


def _texts(asked: Asked) -> Sequence[object]:
    return [(t.text, t.document_id, t.bytes) for t in asked.texts]


def _probe(asked: Asked) -> Sequence[object]:
    return [(q.item_id, q.task, q.shots, q.bytes) for q in asked.in_context]
