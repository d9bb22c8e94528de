"""What is measured: items, answers, scores and their comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Item:
    """One held-out question: the rendered prompt and the reference answer."""

    id: str
    source: str
    prompt: str
    prompt_sha256: str
    reference: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model said to one item.

    ended  True if the model ended the answer itself, False if it hit the token limit
    draw   which of the answers to that item, from 0
    cuts   "<n>" -> the text of its first n tokens, for every n that a metric sees instead of the whole answer
    """

    item_id: str
    prompt_sha256: str
    text: str
    n_tokens: int
    ended: bool
    draw: int = 0
    cuts: Mapping[str, str] = field(default_factory=dict)


System = Literal["base", "adapted", "change", "chance", "chance-base", "ceiling"]
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Score:
    """One figure with its interval, its number of items and how it was computed: a row of scores.json.

    metric     its name
    name       the held-out text, or the source of the prompts
    unit       share | points | bits/byte | perplexity | words | relative (a change of -0.1 is 10 % less)
    better     which way is better; "neither" for a plain description
    system     base, adapted; change (of one into the other, paired); chance (what answers to other prompts
               get: the adapted system's, or the base's for "chance-base"); ceiling (what the references get,
               cut to the tokens that an answer may have)
    value      None if it cannot be measured; then `reason` says why
    n_untold   answers of which the language could not be told
    p_mcnemar  change of a share only: exact two-sided p that both systems are equally good
    p_value    change of any other metric: two-sided p of approximate randomisation over items
    sd_repeats standard deviation of the whole figure between the repeats; None where each item was answered once
    """

    metric: str
    name: str
    unit: str
    better: Better
    system: System
    value: float | None
    low: float | None
    high: float | None
    n: int
    signature: str
    reason: str | None = None
    n_untold: int | None = None
    p_mcnemar: float | None = None
    p_value: float | None = None
    sd_repeats: float | None = None

    @property
    def told(self) -> tuple[float, float, float] | None:
        """value, low, high; None if there is no value."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return self.value, self.low, self.high

    def to_row(self) -> dict[str, Any]:
        """The last five only where they say something."""
        optional = ("reason", "n_untold", "p_mcnemar", "p_value", "sd_repeats")
        return {k: v for k, v in asdict(self).items() if k not in optional or v is not None}


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """One item as both systems answered it.

    prompt       the turns of the prompt, without template
    chrf_*       chrF++ of this answer alone, 0..100
    language_*   raw label of the language identifier
    """

    item_id: str
    prompt: str
    reference: str
    base: str
    adapted: str
    chrf_base: float
    chrf_adapted: float
    language_base: str
    language_adapted: str

    @property
    def gain(self) -> float:
        return self.chrf_adapted - self.chrf_base


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between its bounds, in the unit of the row that it stands in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """One task of one benchmark before and after: a row of benchmarks.json. Shares are 0..1.

    benchmark        its name in the catalogue, or the harness's task name
    task             the harness's task; of several tasks one more row has task = benchmark: their plain mean
    language         ISO 639-3
    shots            examples before each question
    metric           acc, acc_norm, exact_match, mc2, macro_f1, ...
    n                questions
    n_clusters       groups of questions that stand or fall together (one passage); n where each stands alone
    n_contaminated   questions of which the training text holds a good part; None if nobody looked
    chance           what guessing gets; None where an answer cannot be guessed
    base, adapted    their scores; change: adapted minus base, paired over the questions
    p                two-sided p that both are equally good; p_holm the same after Holm over all rows of the run
    resolvable       smallest change that n questions show with power 0.8 at this confidence
    at_chance_*      True if the interval holds chance or lies below it; None without chance
    clean_*          the same over the questions that are not contaminated; None if nobody looked or none is left
    signature        harness, version of the task, shots, metric, data, interval
    """

    benchmark: str
    task: str
    language: str
    shots: int
    metric: str
    n: int
    n_clusters: int
    n_contaminated: int | None
    chance: float | None
    base: Estimate
    adapted: Estimate
    change: Estimate
    p: float
    p_holm: float
    resolvable: float
    at_chance_base: bool | None
    at_chance_adapted: bool | None
    clean_n: int | None
    clean_base: float | None
    clean_adapted: float | None
    clean_change: Estimate | None
    signature: str

    def to_row(self) -> dict[str, Any]:
        """Every field; an estimate as {value, low, high}."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> BenchmarkResult:
        estimates = ("base", "adapted", "change", "clean_change")
        told: dict[str, Any] = {
            k: Estimate(**v) if k in estimates and v is not None else v for k, v in row.items()
        }
        return cls(**told)


@dataclass(frozen=True, slots=True)
class Gate:
    """One line of evaluation.fail_if, judged: a row of gates.json.

    condition         as the recipe has it, such as source_bpb_rise > 0.02
    figure            its left side
    value, low, high  of that figure; None where it cannot be measured or has no interval
    failed            the condition holds for the value itself, whatever its interval; or nothing could be
                      measured: what was not looked at has not passed
    reason            why nothing could be measured
    """

    condition: str
    figure: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    failed: bool
    reason: str | None = None

    def to_row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Gate:
        """Further fields of the row are left out."""
        known: dict[str, Any] = {k: row.get(k) for k in cls.__dataclass_fields__}
        return cls(**known)


BASE_ARM = ""
"""The base model among the arms of a study."""


@dataclass(frozen=True, slots=True)
class ArmFigure:
    """One figure of one arm of a study, or of the base model (arm ""): a row of study.json.

    value       mean over the trainings, and over the runs of answers in each
    low, high   interval over items; None where only the scores are there and there are several trainings
    n           items
    runs        (training, run) figures
    sd_runs     standard deviation between the runs of one training, averaged over the trainings (of variances)
    sd_trainings  standard deviation between the trainings
    se_items    standard error over items, from the interval
    chance, ceiling
                as the scores have them, mean over the trainings
    paired      whether arms are compared item by item in this figure
    """

    arm: str
    metric: str
    name: str
    unit: str
    better: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    runs: tuple[tuple[float, ...], ...]
    sd_runs: float | None
    sd_trainings: float | None
    se_items: float | None
    chance: float | None
    ceiling: float | None
    signature: str
    paired: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.metric, self.name

    @property
    def all_runs(self) -> list[float]:
        return [value for training in self.runs for value in training]

    @property
    def spread(self) -> float | None:
        """Standard deviation between runs of answers, or between trainings where each item was answered once."""
        return self.sd_runs if self.sd_runs is not None else self.sd_trainings

    def to_row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ArmFigure:
        return cls(**{**row, "runs": tuple(map(tuple, row["runs"]))})
