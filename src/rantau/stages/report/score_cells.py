"""Cells of scores: a value with its interval, a change with what it amounts to."""

from __future__ import annotations

from rantau.records import Score
from rantau.stages.report.precision import digits_of, scaled
from rantau.stages.report.results import Result
from rantau.stages.report.table import Cell
from rantau.stages.report.wording import Wording


def value_cell(result: Result, system: str, words: Wording) -> Cell:
    """Value, interval, spread of the repeats, and what must be known to read it."""
    score = result.of(system)
    if score is None:
        return Cell(words("value.none"))
    notes = [words.brackets(score)]
    if score.sd_repeats is not None:
        notes.append(words("score.sd_repeats", sd=_sd(score, words)))
    if score.n_untold:
        notes.append(words("score.untold", n=words.integer(score.n_untold)))
    if system == "adapted" and at_chance(result):
        notes.append(words("score.at_chance"))
    return Cell(words.plain(score), "\n".join(n for n in notes if n))


def change_cell(result: Result, words: Wording) -> Cell:
    """A change without a value says why it has none."""
    score = result.of("change")
    if score is None:
        return Cell(words("value.none"))
    if score.reason:
        return Cell(words.change(score), score.reason, result.effect or "")
    p = score.p_mcnemar if score.p_mcnemar is not None else score.p_value
    notes = [words.brackets(score, sign=True), words.p_value(p) if p is not None else ""]
    return Cell(words.change(score), "\n".join(n for n in notes if n), result.effect or "")


def chance_cell(result: Result, words: Wording) -> Cell:
    """Chance of the adapted system, that of the base below it."""
    chance, base = result.of("chance"), result.of("chance-base")
    if chance is None:
        return Cell(words("value.none"))
    notes = [words.brackets(chance)]
    if base is not None and base.value is not None:
        notes.append(words("score.chance_base", value=f"{words.plain(base)} {words.brackets(base)}".rstrip()))
    return Cell(words.plain(chance), "\n".join(n for n in notes if n))


def at_chance(result: Result) -> bool:
    """Whether the adapted system is not clearly better than its answers to other questions.

    Only for what should be high: few words copied from the prompt are no sign of luck.
    """
    adapted, chance = result.of("adapted"), result.of("chance")
    if result.better != "higher" or not (adapted and chance and adapted.told and chance.told):
        return False
    return adapted.told[1] <= chance.told[2]


def _sd(score: Score, words: Wording) -> str:
    assert score.sd_repeats is not None
    shown = scaled(score.sd_repeats, score.unit)
    return words.number(shown, digits_of(score.unit, shown))
