"""The rules of choice, by hand and on the paper's own table."""

from pathlib import Path

import pytest

from rantau.errors import RecipeError
from rantau.records import BASE_ARM, ArmFigure
from rantau.study.choice import choose
from rantau.study.design import Choice, load_study
from rantau.study.published import load_published

STUDIES = Path(__file__).parents[2] / "studies"


def figure(arm: str, metric: str, value: float, sd: float | None = None, better: str = "higher") -> ArmFigure:
    return ArmFigure(
        arm,
        metric,
        "t",
        "points",
        better,
        value,
        value,
        value,
        9,
        ((value,),),
        sd,
        None,
        None,
        None,
        None,
        "s",
        True,
    )


def test_the_papers_table_gives_the_papers_choice() -> None:
    study = load_study(STUDIES / "loraplus-table2.yaml")
    cited = load_published(STUDIES / "published" / "loraplus.yaml", [arm.name for arm in study.all_arms()])
    figures = [
        figure(arm, metric, *values)
        for arm, found in {BASE_ARM: cited.base, **cited.arms}.items()
        for metric, values in found.items()
        if metric in ("bleu", "rougeL")
    ]
    assert study.choice is not None
    assert choose(study.choice, figures).arm == "iteration-5"


FIGURES = [
    figure("", "bleu", 10, 1.0), figure("", "bits", 3.0, better="lower"),
    figure("a", "bleu", 20, 5.0), figure("a", "bits", 2.0, better="lower"),
    figure("b", "bleu", 15, 0.5), figure("b", "bits", 1.0, better="lower"),
    figure("c", "bleu", 15, 0.0), figure("c", "bits", 1.0, better="lower"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "names", "arm", "ranks", "level"),
    [
        ("best", ["bleu", "bits"], "a", [1.0, 2.5, 2.5], ()),
        ("best", ["bits"], "b", [1.5, 1.5, 3.0], ("c",)),
        ("mean_rank", ["bleu", "bits"], "a", [2.0, 2.0, 2.0], ()),
        ("gain_over_sd", ["bleu"], "b", [1.0, 2.0, 3.0], ()),  # 5 / 0.5; 10 / 5; without spread last
    ],
)
def test_rules(rule: str, names: list[str], arm: str, ranks: list[float], level: tuple[str, ...]) -> None:
    found = choose(Choice(rule=rule, figures=names), FIGURES)  # type: ignore[arg-type]
    assert (found.arm, found.level) == (arm, level)
    assert [r.mean_rank for r in found.ranked] == ranks


def test_a_figure_that_was_not_measured_is_named_with_those_that_were() -> None:
    with pytest.raises(RecipeError, match=r"'chrf', which was not measured\. There are: bleu, bits"):
        choose(Choice(figures=["chrf"]), FIGURES)
    with pytest.raises(RecipeError, match="neither better lower nor higher"):
        choose(Choice(figures=["w"]), [figure("a", "w", 1, better="neither")])


def test_a_rule_that_can_rank_nobody_does_not_take_the_first() -> None:
    once = [figure("", "bleu", 10), figure("a", "bleu", 20), figure("b", "bleu", 30)]
    with pytest.raises(RecipeError, match="gain_over_sd cannot rank by bleu: no arm has a deviation"):
        choose(Choice(rule="gain_over_sd", figures=["bleu"]), once)
