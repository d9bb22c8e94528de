"""Series of a study: the numbers behind its figures."""

from __future__ import annotations

from rantau.records import BASE_ARM
from rantau.stages.report.series import Cell, Series
from rantau.stages.report.study.facts import StudyFacts, arm_name

ROUGES = ("rouge1", "rouge2", "rougeL")
RUNS = ("arm", "metric", "training", "run", "value")
MEANS = ("arm", "metric", "value", "low", "high", "spread", "chance")
SCATTER = ("model", "whose", "rougeL", "rougeL_sd", "bleu", "bleu_sd")


def all_series(facts: StudyFacts) -> list[Series]:
    """In the order of the page; a figure without numbers is left out."""
    found = [
        runs(facts, "bleu", ("bleu",)),
        means(facts, "rouge_means", ROUGES),
        runs(facts, "rouge_runs", ROUGES),
        means(facts, "f1_means", _f1(facts)),
        runs(facts, "f1_runs", _f1(facts)),
        others(facts),
        bits(facts),
        differences(facts),
    ]
    return [series for series in found if series.rows]


def runs(facts: StudyFacts, name: str, metrics: tuple[str, ...]) -> Series:
    """Every run of every training, where some arm has two or more of them."""
    rows: list[tuple[Cell, ...]] = []
    chosen = [f for f in facts.figures if f.metric in metrics and f.paired]
    if any(len(f.all_runs) > 1 for f in chosen):
        for metric in metrics:
            for figure in (f for f in chosen if f.metric == metric):
                for training, values in enumerate(figure.runs, start=1):
                    for run, value in enumerate(values, start=1):
                        rows.append((arm_name(figure.arm), metric, training, run, value))
    return Series(name, RUNS, tuple(rows))


def means(facts: StudyFacts, name: str, metrics: tuple[str, ...]) -> Series:
    """Means with their interval over items; spread: between runs, 0 where there is one; chance: "" if unknown."""
    rows: list[tuple[Cell, ...]] = [
        (arm_name(f.arm), f.metric, f.value, f.low, f.high, f.spread or 0.0, "" if f.chance is None else f.chance)
        for metric in metrics
        for f in facts.figures
        if f.metric == metric and f.value is not None and f.low is not None and f.high is not None
    ]
    return Series(name, MEANS, tuple(rows))


def bits(facts: StudyFacts) -> Series:
    rows: list[tuple[Cell, ...]] = [
        (arm_name(f.arm), f.name, f.value, f.low, f.high, f.sd_trainings or 0.0)
        for f in sorted(facts.figures, key=lambda f: _text_order(facts, f.name))
        if f.metric == "bits_per_byte" and f.value is not None and f.low is not None and f.high is not None
    ]
    return Series("bits_per_byte", ("arm", "text", "value", "low", "high", "sd_trainings"), tuple(rows))


def others(facts: StudyFacts) -> Series:
    """BLEU over ROUGE-L: this study's arms, and what was published elsewhere. Without a publication, nothing."""
    cited = facts.published
    if cited is None:
        return Series("others", SCATTER, ())
    rows: list[tuple[Cell, ...]] = []
    for arm in (BASE_ARM, *facts.finished):
        bleu, rouge = (
            next((f for f in facts.figures if f.arm == arm and f.metric == m), None) for m in ("bleu", "rougeL")
        )
        if bleu and rouge and bleu.value is not None and rouge.value is not None:
            spread = (rouge.spread or 0.0, bleu.spread or 0.0)
            rows.append((arm_name(arm), "this study", rouge.value, spread[0], bleu.value, spread[1]))
    named = {"base model": cited["base"], **cited["arms"]}
    whose = [(name, figures, "published arm") for name, figures in named.items()]
    whose += [(o["name"], o["figures"], "published, other model") for o in cited["others"]]
    for name, figures, kind in whose:
        if "bleu" in figures and "rougeL" in figures:
            (x, *dx), (y, *dy) = figures["rougeL"], figures["bleu"]
            rows.append((name, kind, x, dx[0] if dx else 0.0, y, dy[0] if dy else 0.0))
    return Series("others", SCATTER, tuple(rows))


def differences(facts: StudyFacts) -> Series:
    """Differences to the base model in the figures of the choice, or in the first that is compared."""
    if not facts.differences:
        return Series("differences", (), ())
    wanted = _chosen_metrics(facts) or [facts.differences[0]["metric"]]
    rows: list[tuple[Cell, ...]] = [
        (r["arm"], r["metric"], r["name"], r["unit"], r["value"], r["low"], r["high"], r["p_holm"], r["effect"])
        for metric in wanted
        for r in facts.differences
        if r["against"] == facts.against()[0] and r["metric"] == metric
    ]
    columns = ("arm", "metric", "name", "unit", "difference", "low", "high", "p_holm", "effect")
    return Series("differences", columns, tuple(rows))


def _chosen_metrics(facts: StudyFacts) -> list[str]:
    names = facts.study["choice"]["figures"] if facts.study["choice"] else []
    compared = dict.fromkeys(row["metric"] for row in facts.differences)
    return [m for m in compared if any(n == m or n.startswith(f"{m}.") for n in names)]


def _f1(facts: StudyFacts) -> tuple[str, ...]:
    metrics = dict.fromkeys(f.metric for f in facts.figures)
    return tuple(m for m in metrics if m.partition(":")[0] == "weighted_f1")


def _text_order(facts: StudyFacts, name: str) -> int:
    names = [text["name"] for text in facts.recipe["evaluation"]["texts"]]
    return names.index(name) if name in names else len(names)
