"""Answers to items, from one speaker: every item as often as the recipe says, each answer with its own draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.records import Answer
from rantau.run.progress import Progress
from rantau.stages.evaluation.draws import draw_seed
from rantau.stages.evaluation.ledger import Ledger, Tell
from rantau.stages.evaluation.prompts.items import AskedItem
from rantau.stages.evaluation.speakers.speaker import Answerer, Decoding, Question, Spoken

BATCH_ANSWERS = 32


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer that is wanted."""

    asked: AskedItem
    draw: int

    @property
    def name(self) -> str:
        return f"{self.asked.item.id} {self.asked.item.prompt_sha256} {self.draw}"

    def row(self, said: Spoken, decoding: Decoding) -> dict[str, Any]:
        """A row of answers.jsonl; draw and cuts only where the recipe asks for several answers or for cuts."""
        item = self.asked.item
        row = {
            "item_id": item.id,
            "prompt_sha256": item.prompt_sha256,
            "text": said.text,
            "n_tokens": said.n_tokens,
            "ended": said.ended,
            "prompt": item.prompt,
        }
        if decoding.repeats > 1:
            row["draw"] = self.draw
        return row | ({"cuts": dict(said.cuts)} if decoding.cuts else {})


def ask_items(
    path: Path, items: Sequence[AskedItem], speaker: Answerer, decoding: Decoding, *, seed: int, progress: Progress
) -> list[Answer]:
    """Answers item by item, the draws of one item together; `path` gets one row an answer as soon as its batch is
    done (see Ledger)."""
    wanted = [Ask(item, draw) for item in items for draw in range(decoding.repeats)]

    def ask(batch: list[Ask], tell: Tell) -> list[Mapping[str, Any]]:
        questions = [Question(w.asked.prompt_ids, draw_seed(seed, w.asked.item.id, w.draw)) for w in batch]
        said = speaker.answers(questions, decoding, tell)
        return [w.row(spoken, decoding) for w, spoken in zip(batch, said, strict=True)]

    ledger: Ledger[Ask] = Ledger(
        path,
        name_of=lambda ask: ask.name,
        row_name=lambda row: f"{row['item_id']} {row['prompt_sha256']} {row.get('draw', 0)}",
        length_of=lambda ask: len(ask.asked.prompt_ids),
        batch_size=BATCH_ANSWERS if speaker.at_once == 1 else 1,
        at_once=speaker.at_once,
    )
    return [answer_of_row(row) for row in ledger.fill(wanted, ask, "answering prompts", progress)]


def answer_of_row(row: Mapping[str, Any]) -> Answer:
    told = {name: row[name] for name in ("item_id", "prompt_sha256", "text", "n_tokens", "ended")}
    return Answer(**told, draw=row.get("draw", 0), cuts=row.get("cuts", {}))
