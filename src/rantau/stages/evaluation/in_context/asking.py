"""Asking the in-context probe: what each answer costs a model with examples before it and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rantau.run.progress import Progress
from rantau.stages.evaluation.in_context.probe import ProbeQuestion
from rantau.stages.evaluation.ledger import Ledger, Tell
from rantau.stages.evaluation.speakers.speaker import Scorer

BATCH_QUESTIONS = 8


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """What one answer cost: a row of in_context.jsonl.

    shots   examples before the question
    nats    summed negative log-likelihood of the answer
    bytes   UTF-8 bytes of the answer
    """

    item_id: str
    task: str
    shots: int
    nats: float
    bytes: int


def ask_probe(
    path: Path, questions: Sequence[ProbeQuestion], speaker: Scorer, *, progress: Progress
) -> list[ProbeScore]:
    """Scores in the order of the questions; `path` gets a row for each as soon as its batch is done (see Ledger).

    A question is never read in windows: its examples would fall out of sight.
    """
    if not questions:
        return []
    longest = max(len(q.marked.ids) for q in questions)

    def weigh(batch: list[ProbeQuestion], tell: Tell) -> list[Mapping[str, Any]]:
        found = speaker.marked_nats([q.marked for q in batch], context_tokens=longest)
        return [
            asdict(ProbeScore(q.item_id, q.task, q.shots, nats, q.n_bytes))
            for q, (nats, _) in zip(batch, found, strict=True)
        ]

    ledger: Ledger[ProbeQuestion] = Ledger(
        path,
        name_of=lambda question: f"{question.item_id} {question.shots}",
        row_name=lambda row: f"{row['item_id']} {row['shots']}",
        length_of=lambda question: len(question.marked.ids),
        batch_size=BATCH_QUESTIONS,
    )
    return [ProbeScore(**row) for row in ledger.fill(questions, weigh, "asking with examples", progress)]
