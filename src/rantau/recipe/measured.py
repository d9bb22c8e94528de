"""What the comparison will measure, as far as the recipe alone tells: rows of scores.json before there are any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rantau.recipe.evaluation import Evaluation, HeldOutText, InContext

TEXT_SYSTEMS = ("base", "adapted", "change")
CHANCES = ("chance", "chance-base")
ANSWER_SYSTEMS = (*TEXT_SYSTEMS, *CHANCES, "ceiling")
ANSWER_METRICS = (
    "bleu", "chrf++", "rouge1", "rouge2", "rougeL", "exact_match", "semantic_match", "weighted_f1",
    "language_fidelity", "sentence_fidelity", "answer_ended", "run_on", "repetition", "prompt_copied",
    "answer_words",
)  # fmt: skip
FIDELITY = ("language_fidelity", "sentence_fidelity")
"""Of which nothing can be told in a language that the detector has no label for."""
ALONE = (*FIDELITY, "answer_ended", "run_on", "repetition", "answer_words")
"""Metrics that do not look at what was asked, and so have no chance."""
DESCRIBED = ("answer_words",)
"""Metrics that are neither better lower nor higher."""
LETTERS = "letters"
LETTER_KINDS = ("copy", "reverse", "first", "last")
"""Kinds of letter lists, in the order in which they are asked in turn."""
FEWEST_OF_A_KIND = 5
"""Questions of one kind that get rows of their own."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one metric on one thing.

    name     as a message shows it; names: the pattern of all that it stands for
    systems  whose rows can have a value
    never    system -> why its row cannot
    """

    metric: str
    name: str
    names: re.Pattern[str]
    systems: tuple[str, ...]
    never: Mapping[str, str] = field(default_factory=dict)

    @property
    def figure(self) -> str:
        return f"{self.metric}.{self.name}"

    @property
    def described(self) -> bool:
        return self.metric in DESCRIBED

    def match(self, metric: str, name: str) -> bool:
        return metric == self.metric and self.names.fullmatch(name) is not None


def rows_of(evaluation: Evaluation) -> list[Rows]:
    """In the order of the comparison. Domains of a text are known by the data alone: any is taken for one."""
    found: list[Rows] = []
    for text in evaluation.texts:
        found.append(Rows("bits_per_byte", text.name, _with_domains(text), TEXT_SYSTEMS))
        found.append(_exactly("perplexity", text.name, TEXT_SYSTEMS))
    if probe := evaluation.in_context:
        found.append(_exactly("in_context_gain", probe.source or LETTERS, TEXT_SYSTEMS))
        found += [] if probe.source else _of_kinds(probe)
    if prompts := evaluation.prompts:
        encoders = [semantic.name for semantic in prompts.semantic]
        found += [_of_answers(metric, prompts.source) for metric in _metrics(encoders)]
    return found


def _exactly(metric: str, name: str, systems: tuple[str, ...], never: Mapping[str, str] | None = None) -> Rows:
    return Rows(metric, name, re.compile(re.escape(name)), systems, never or {})


def _with_domains(text: HeldOutText) -> re.Pattern[str]:
    return re.compile(re.escape(text.name) + (r"(/.+)?" if text.by else ""))


def _of_kinds(probe: InContext) -> Iterator[Rows]:
    for place, kind in enumerate(LETTER_KINDS):
        n = len(range(place, probe.max_items, len(LETTER_KINDS)))
        why = f"in_context.max_items: {probe.max_items} asks {n} of {kind}, and {FEWEST_OF_A_KIND} are needed"
        enough = n >= FEWEST_OF_A_KIND
        never = {} if enough else dict.fromkeys(TEXT_SYSTEMS, why)
        yield _exactly("in_context_gain", f"{LETTERS}/{kind}", TEXT_SYSTEMS if enough else (), never)


def _metrics(encoders: list[str]) -> Iterator[str]:
    """One encoder's figures have the metric's name, those of several the encoder's too."""
    for metric in ANSWER_METRICS:
        if metric not in ("semantic_match", "weighted_f1"):
            yield metric
        elif encoders:
            yield from [metric] if len(encoders) == 1 else (f"{metric}:{name}" for name in encoders)


def _of_answers(metric: str, source: str) -> Rows:
    if metric not in ALONE:
        return _exactly(metric, source, ANSWER_SYSTEMS)
    why = f"{metric} looks at the answer alone, so an answer to any other prompt gets the same"
    told = tuple(s for s in ANSWER_SYSTEMS if s not in CHANCES)
    return _exactly(metric, source, told, dict.fromkeys(CHANCES, why))
