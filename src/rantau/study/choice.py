"""The choice of one arm, by a rule that was written down before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rantau.errors import RecipeError
from rantau.records import BASE_ARM, ArmFigure
from rantau.study.design import Choice, Rule


@dataclass(frozen=True, slots=True)
class Ranked:
    """values: figure -> what was ranked, None where it could not be; ranks: figure -> place, 1 is best"""

    arm: str
    mean_rank: float
    values: dict[str, float | None]
    ranks: dict[str, float]


@dataclass(frozen=True, slots=True)
class Chosen:
    """arm: the first of `ranked`; figures: those that counted; level: arms that the rule puts level with it"""

    arm: str
    rule: Rule
    figures: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    level: tuple[str, ...]

    def to_row(self) -> dict[str, Any]:
        return asdict(self)


def matching(name: str, figures: Sequence[ArmFigure]) -> list[ArmFigure]:
    """Figures that a name means: a metric, or metric.name.

    Raises   RecipeError if there is none, with those that there are
    """
    found = [f for f in figures if name in (f.metric, f"{f.metric}.{f.name}")]
    if not found:
        known = ", ".join(dict.fromkeys(f.metric for f in figures))
        raise RecipeError(f"the study names the figure {name!r}, which was not measured. There are: {known}.")
    return found


def choose(asked: Choice, figures: Sequence[ArmFigure]) -> Chosen:
    """The arm that the rule takes. Of several with one mean rank the best in the first figure; if these are equal
    too, the one that was listed first.

    Raises   RecipeError for a figure that was not measured, that is neither better lower nor higher, or by which
             no arm can be ranked
    """
    names = asked.figures[:1] if asked.rule == "best" else asked.figures
    value_of = _gain_over_sd if asked.rule == "gain_over_sd" else _worth
    arms = list(dict.fromkeys(f.arm for f in figures if f.arm != BASE_ARM))
    values = {name: _values(name, figures, arms, value_of) for name in names}
    for name, found in values.items():
        _refuse_untold(asked.rule, name, found)
    ranks = {name: _ranks(found) for name, found in values.items()}
    listed = [
        Ranked(arm, sum(ranks[n][arm] for n in names) / len(names), {n: values[n][arm] for n in names},
               {n: ranks[n][arm] for n in names})
        for arm in arms
    ]  # fmt: skip
    ordered = tuple(sorted(listed, key=_place))
    level = tuple(r.arm for r in ordered[1:] if _place(r) == _place(ordered[0]))
    return Chosen(ordered[0].arm, asked.rule, tuple(names), ordered, level)


def _refuse_untold(rule: Rule, name: str, values: dict[str, float | None]) -> None:
    """All arms level would choose the first of the file, which nobody measured."""
    if any(value is not None for value in values.values()):
        return
    why = "no arm has a figure"
    if rule == "gain_over_sd":
        why = "no arm has a deviation: each was trained and answered once, or its runs are equal"
    raise RecipeError(
        f"the rule {rule} cannot rank by {name}: {why}. Raise repeats, sample several answers, or choose by "
        "mean_rank over other figures."
    )


def _place(ranked: Ranked) -> tuple[float, float]:
    return ranked.mean_rank, next(iter(ranked.ranks.values()))


def _values(
    name: str, figures: Sequence[ArmFigure], arms: Sequence[str],
    value_of: Callable[[ArmFigure, ArmFigure | None], float | None],
) -> dict[str, float | None]:  # fmt: skip
    """Higher is better. Where a metric was measured on several texts, the first one counts."""
    found = matching(name, figures)
    key = found[0].key
    if found[0].better not in ("lower", "higher"):
        raise RecipeError(f"the study chooses by {name}, which is neither better lower nor higher.")
    by = {f.arm: f for f in found if f.key == key}
    return {arm: value_of(by[arm], by.get(BASE_ARM)) if arm in by else None for arm in arms}


def _worth(figure: ArmFigure, base: ArmFigure | None) -> float | None:
    if figure.value is None:
        return None
    return figure.value if figure.better == "higher" else -figure.value


def _gain_over_sd(figure: ArmFigure, base: ArmFigure | None) -> float | None:
    """The deviation between runs of answers, or between trainings where each item was answered once."""
    spread = figure.sd_runs if figure.sd_runs is not None else figure.sd_trainings
    if figure.value is None or base is None or base.value is None or not spread:
        return None
    return (figure.value - base.value) * (1 if figure.better == "higher" else -1) / spread


def _ranks(values: dict[str, float | None]) -> dict[str, float]:
    """1 for the largest; equal values share the mean of their places; what could not be told comes last."""
    told = [v for v in values.values() if v is not None]
    last = len(values)

    def place(value: float | None) -> float:
        if value is None:
            return float(last)
        above, level = sum(v > value for v in told), sum(v == value for v in told)
        return above + (level + 1) / 2

    return {arm: place(value) for arm, value in values.items()}
