"""The sentences at the head of a study's page, by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rantau.records import BASE_ARM
from rantau.stages.report.study import naming
from rantau.stages.report.study.facts import StudyFacts

LOW_CEILING = 60.0  # BLEU points


def headline(facts: StudyFacts) -> str:
    """Which arm was chosen by which rule, or that none was."""
    n = len(facts.finished)
    if facts.chosen is None:
        return f"{n} arms were compared; the study names no rule of choice, so none is chosen."
    chosen = facts.chosen
    text = f"{chosen['arm']} is chosen of {n} arms: it has {naming.rule_words(chosen)}."
    if chosen["level"]:
        text += f" {naming.listed(chosen['level'])} came out level, and the first in the study's file was taken."
    return text


def against_base(facts: StudyFacts) -> str:
    """How many arms improved on the base model in each figure, after Holm."""
    found = [row for row in facts.differences if row["against"] == BASE_ARM and row["effect"] != "described"]
    parts = []
    for key in dict.fromkeys((r["metric"], r["name"]) for r in found):
        rows = [r for r in found if (r["metric"], r["name"]) == key]
        better, worse = (sum(r["effect"] == e for r in rows) for e in ("better", "worse"))
        label = naming.label_of(key, facts.keys)
        parts.append(f"{label}: {better} better, {worse} worse, {len(rows) - better - worse} cannot be told")
    return f"Against the base model, after Holm's correction. {'; '.join(parts)}." if parts else ""


def rivals(facts: StudyFacts) -> str:
    """Which arms cannot be told from the chosen one in the figures of the choice."""
    if facts.chosen is None:
        return ""
    chosen, names = facts.chosen["arm"], facts.study["choice"]["figures"]
    rows = [r for r in facts.differences if r["against"] == chosen and _named(r, names)]
    open_ = [
        arm for arm in dict.fromkeys(r["arm"] for r in rows) if _all_open([r for r in rows if r["arm"] == arm])
    ]
    if not rows:
        return ""
    figures = naming.listed([naming.metric_name(n) for n in names])
    if not open_:
        return f"Every other arm differs from {chosen} in at least one of {figures}, after Holm's correction."
    return (
        f"In none of {figures} can {naming.listed(open_)} be told from {chosen}: the choice between them is "
        "the rule's, not the data's."
    )


def cautions(facts: StudyFacts) -> list[str]:
    """What a reader must know before quoting a number."""
    found = []
    trainings = [arm["trainings"] for arm in facts.arms if arm["trainings"]]
    if trainings and min(trainings) < 3:
        n = min(trainings)
        found.append(
            f"Each arm was trained {_times(n)}. A claim that one way beats another needs three seeds or more: the "
            "intervals here are over items and hold for these trainings."
        )
    if any(field.startswith("model.") for arm in facts.arms for field in arm["fields"]):
        found.append(
            "Arms start from different models. Each is held against its own base model; the row of the base model "
            "is that of the first arm."
        )
    if facts.chosen is not None:
        found.append(
            "The chosen arm is the luckiest of several: its figures flatter it. Measure it again on items that "
            "had no part in the choice before quoting them."
        )
    if at_chance := _at_chance(facts):
        found.append(
            f"Not above chance by the interval over items: {'; '.join(at_chance)}. There the same answers do "
            "as well beside the references of other prompts: a gain over the base model in such a figure says "
            "nothing of what was asked."
        )
    ceilings = [f.ceiling for f in facts.figures if f.metric == "bleu" and f.ceiling is not None]
    if ceilings and ceilings[0] < LOW_CEILING:
        found.append(
            f"Answers are cut so short that even the references, cut alike, get BLEU {ceilings[0]:.1f}. Read "
            "every figure beside its ceiling."
        )
    if (n_failed := sum(len(arm["failed"]) for arm in facts.arms)) > 0:
        trials = "1 trial has" if n_failed == 1 else f"{n_failed} trials have"
        found.append(
            f"{trials} failed and {'is' if n_failed == 1 else 'are'} missing; the reasons stand at the end."
        )
    return found


def _at_chance(facts: StudyFacts) -> list[str]:
    """Figures in which some arms are not above their chance, with how many."""
    found = []
    for key in facts.keys:
        arms = [f for f in facts.each(key) if f.arm != BASE_ARM and f.chance is not None and f.low is not None]
        n = sum(f.low <= f.chance for f in arms if f.low is not None and f.chance is not None)
        if n:
            found.append(f"{naming.label_of(key, facts.keys)} in {n} of {len(arms)} arms")
    return found


def _named(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    return any(n in (row["metric"], f"{row['metric']}.{row['name']}") for n in names)


def _all_open(rows: Sequence[Mapping[str, Any]]) -> bool:
    return all(r["effect"] in ("unclear", "described") for r in rows)


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
