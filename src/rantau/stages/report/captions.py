"""Captions: title of each figure, and what one needs to read it."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.headline import MARGIN
from rantau.stages.report.series import Series
from rantau.stages.report.training_series import half_life
from rantau.stages.report.wording import ENGLISH, Wording


def captions(series: Series, facts: Facts, words: Wording = ENGLISH) -> tuple[str, str]:
    """Title and caption, from the words `figure.<name>` and `caption.<name>`."""
    notes = {"training_loss": _dpo_note, "learning_rate": _faster}
    halves = words.list([f"{p.name} {words.integer(half_life(len(p.curve)))}" for p in facts.phases])
    text = words(
        f"caption.{series.name}", n=words.integer(facts.n_items), halves=halves,
        margin=words.percent(MARGIN, 0), level=words.percent(facts.confidence, 0),
    )  # fmt: skip
    note = notes[series.name](facts, words) if series.name in notes else ""
    return words(f"figure.{series.name}"), f"{text} {note}" if note else text


def _dpo_note(facts: Facts, words: Wording) -> str:
    named = [p.name for p in facts.phases if p.kind == "dpo"]
    return words("caption_note.dpo", names=words.list(named)) if named else ""


def _faster(facts: Facts, words: Wording) -> str:
    """LoRA+ in words, if a phase learns with it."""
    ratios = {p.name: p.learning_rate_b / p.learning_rate for p in facts.phases}
    told = [
        words("caption_note.times", name=name, ratio=words.rounded(ratio))
        for name, ratio in ratios.items()
        if round(ratio, 6) != 1
    ]
    return words("caption_note.faster", told=words.list(told)) if told else ""
