"""Tables of a study: what each arm is, what it got, what differs, and where the spread comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rantau.records import BASE_ARM, ArmFigure
from rantau.stages.report import precision
from rantau.stages.report.study import naming
from rantau.stages.report.study.facts import StudyFacts, arm_name
from rantau.stages.report.table import Cell, Table, table_of

Rows = list[list[Cell | str]]

SAMPLING = "curation.sampling"
EFFECTS = {
    "better": "better", "worse": "worse", "unclear": "cannot be told from no difference",
    "described": "neither good nor bad by itself",
}  # fmt: skip


def methods(facts: StudyFacts) -> Table:
    """The paper's Table 2: the fields in which arms differ, and how each was trained."""
    fields = _fields(facts)
    noted = any(arm["note"] for arm in facts.arms)
    columns = ["arm", *(["sampling, in words"] if noted else []), *map(naming.field_name, fields)]
    columns += ["train loss", "held-out loss"]
    rows: Rows = []
    for arm in facts.arms:
        values = [naming.setting(arm["fields"][field]) for field in fields]
        losses = [
            precision.number(arm[k], 3) if arm[k] is not None else "failed" for k in ("train_loss", "val_loss")
        ]
        rows.append([_named(arm, facts), *([arm["note"]] if noted else []), *values, *losses])
    caption = (
        "How the arms differ and how they learnt. Losses are nats per token: of the last tenth of the steps, "
        f"and of the held-out text {facts.recipe['evaluation']['texts'][0]['name']}."
    )
    return table_of(caption, "|".join(columns), rows, numeric=range(len(columns) - len(fields) - 2, len(columns)))


def results(facts: StudyFacts) -> Table:
    """The paper's Table 3: the mean of every figure, and the deviation between runs."""
    keys = facts.keys
    columns = ["arm", *(naming.label_of(key, keys) for key in keys)]
    rows: Rows = [
        [_arm_cell(arm, facts), *(_result(facts.of(arm, key)) for key in keys)]
        for arm in (BASE_ARM, *facts.finished)
    ]
    for name in ("chance", "ceiling"):
        cells = [_mark(facts, key, name) for key in keys]
        if any(cell != naming.NOTHING for cell in cells):
            rows.append([Cell(name), *cells])
    rows.append([Cell("items"), *(_items(facts.each(key)) for key in keys)])
    level = precision.percent(facts.recipe["evaluation"]["confidence"], 0)
    caption = (
        "Mean ± standard deviation between runs of the answers (between trainings where each prompt was answered "
        f"once), and below it the {level} interval over items. Chance: what the arms' answers "
        "get that belong to other prompts, mean over the arms. Ceiling: what the references get, cut as "
        "answers are."
    )
    return table_of(caption, "|".join(columns), rows, numeric=range(1, len(columns)))


def published(facts: StudyFacts) -> Table | None:
    """What a publication printed for the same arms."""
    if facts.published is None:
        return None
    cited = facts.published
    rows = {"base model": cited["base"], **cited["arms"], **{o["name"]: o["figures"] for o in cited["others"]}}
    metrics = list(dict.fromkeys(metric for figures in rows.values() for metric in figures))
    table = [
        [name, *(_cited(figures.get(metric)) for metric in metrics)] for name, figures in rows.items() if figures
    ]
    caption = f"As published, not measured here: {cited['source']}. {cited['note']}".strip()
    columns = "|".join(["arm", *map(naming.metric_name, metrics)])
    return table_of(caption, columns, table, numeric=range(1, len(metrics) + 1))


def differences(facts: StudyFacts, against: str) -> Table:
    """All arms against one, figure by figure."""
    found = [row for row in facts.differences if row["against"] == against]
    keys = list(dict.fromkeys((row["metric"], row["name"]) for row in found))
    rows: Rows = []
    for row in sorted(found, key=lambda r: keys.index((r["metric"], r["name"]))):
        seeds = naming.interval(row["seed_low"], row["seed_high"], row["unit"], sign=True)
        rows.append([
            Cell(row["arm"], note=naming.label_of((row["metric"], row["name"]), keys)),
            Cell(naming.change(row), note=naming.interval(row["low"], row["high"], row["unit"], sign=True)),
            naming.p_value(row["p"]), naming.p_value(row["p_holm"]), str(row["n"]),
            Cell(seeds or "one training", note=f"{row['trainings']} trainings" if seeds else ""),
            Cell(effect_words(row), tag=_tag(row)),
        ])  # fmt: skip
    n = len({row["arm"] for row in found})
    caption = (
        f"Every arm minus {arm_name(against)}, over the same items: the difference with its paired bootstrap "
        "interval, the p value of approximate randomisation over items, and the same after Holm's "
        "correction for the "
        f"{n} comparisons of each figure. The interval over trainings asks what another seed would give."
    )
    columns = "arm|difference|p|p, Holm|items|over trainings|says"
    return table_of(caption, columns, rows, numeric=(1, 2, 3, 4, 5))


def effect_words(row: Mapping[str, Any]) -> str:
    words = EFFECTS[row["effect"]]
    if row["effect"] not in ("better", "worse"):
        return words
    if row["other_seeds"] is None:
        return f"{words}, of this one training"
    return f"{words}, with other seeds too" if row["other_seeds"] else f"{words} here, but seeds differ as much"


def spread(facts: StudyFacts) -> Table:
    """Three sources of spread, apart: items, trainings, runs of the answers."""
    rows: Rows = []
    for arm in (BASE_ARM, *facts.finished):
        for figure in (f for f in facts.figures if f.arm == arm and f.paired):
            label = naming.label_of(figure.key, facts.keys)
            cells = [naming.plain(v, figure.unit) for v in (figure.se_items, figure.sd_trainings, figure.sd_runs)]
            rows.append([Cell(arm_name(arm), note=label), *cells, str(len(figure.runs)), str(len(figure.runs[0]))])
    caption = (
        "Where the spread comes from. Items: standard error of the figure if other items had been asked. "
        "Trainings: standard deviation between trainings with other seeds on the same items. Runs: "
        "standard deviation between "
        "runs of answers of one training, which says how much decoding draws, and nothing of other questions."
    )
    return table_of(caption, "arm|items|trainings|runs|n trainings|n runs", rows, numeric=range(1, 6))


def ranks(facts: StudyFacts) -> Table | None:
    """How the rule ordered the arms."""
    if facts.chosen is None:
        return None
    names = list(facts.chosen["ranked"][0]["ranks"])
    rows: Rows = [
        [
            _arm_cell(r["arm"], facts),
            *(precision.number(r["ranks"][n], 1) for n in names),
            precision.number(r["mean_rank"], 2),
        ]
        for r in facts.chosen["ranked"]
    ]  # fmt: skip
    first = naming.metric_name(names[0])
    columns = "|".join(["arm", *(f"rank by {naming.metric_name(n)}" for n in names), "mean rank"])
    caption = f"The rule takes the arm with {naming.rule_words(facts.chosen)}; of equal ones the first by {first}."
    return table_of(caption, columns, rows, numeric=range(1, len(names) + 2))


def costs(facts: StudyFacts) -> Table:
    rows: Rows = [
        [
            _named(arm, facts), str(arm["trainings"]),
            naming.NOTHING if arm["trainable"] is None else f"{arm['trainable']:,}",
            naming.NOTHING if arm["learnt_tokens"] is None else f"{arm['learnt_tokens']:,}",
            precision.duration(arm["wall_s"]),
        ]
        for arm in facts.arms
    ]  # fmt: skip
    caption = (
        "What each arm cost. Time is summed over all stages that the arm went through; stages that several arms "
        "share were built once and are counted in each."
    )
    return table_of(caption, "arm|trainings|parameters that learn|tokens learnt|time", rows, numeric=range(1, 5))


def failed(facts: StudyFacts) -> Table | None:
    rows: Rows = [
        [Cell(arm["name"], note=f"repetition {number}"), why]
        for arm in facts.arms
        for number, why in arm["failed"].items()
    ]
    return (
        table_of("Trials that failed, and are missing from everything above.", "arm|why", rows) if rows else None
    )


def _fields(facts: StudyFacts) -> list[str]:
    """Sampling plans are told by the note, where there is one."""
    noted = any(arm["note"] for arm in facts.arms)
    fields: Sequence[str] = list(facts.arms[0]["fields"])
    return [f for f in fields if not (noted and f.startswith(SAMPLING))]


def _named(arm: Mapping[str, Any], facts: StudyFacts) -> Cell:
    return _arm_cell(arm["name"], facts)


def _arm_cell(arm: str, facts: StudyFacts) -> Cell:
    chosen = facts.chosen is not None and arm == facts.chosen["arm"]
    return Cell(arm_name(arm), note="chosen" if chosen else "")


def _result(figure: ArmFigure | None) -> Cell:
    if figure is None:
        return Cell(naming.NOTHING)
    return Cell(naming.with_spread(figure), note=naming.interval(figure.low, figure.high, figure.unit))


def _mark(facts: StudyFacts, key: tuple[str, str], name: str) -> str:
    found = [f for f in facts.each(key) if f.arm != BASE_ARM]
    values = [v for f in found if (v := getattr(f, name)) is not None]
    return naming.plain(sum(values) / len(values), found[0].unit) if values else naming.NOTHING


def _items(figures: Sequence[ArmFigure]) -> str:
    """How many a figure was measured on."""
    return " or ".join(f"{n:,}" for n in sorted({f.n for f in figures}))


def _cited(value: Sequence[float] | None) -> str:
    if not value:
        return naming.NOTHING
    return " ± ".join(f"{v:g}" for v in value)


def _tag(row: Mapping[str, Any]) -> str:
    return str(row["effect"])
