"""Gates: conditions on figures of the comparison under which a run fails, such as `source_bpb_rise > 0.02`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rantau.recipe.evaluation import Evaluation, HeldOutText

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
SHAPE = re.compile(r"\s*([^\s<>][^<>]*?)\s*(>=|<=|>|<)\s*([^\s<>=]+)\s*")
RISES = {"source_bpb_rise": "source", "target_bpb_rise": "target"}
"""Figure -> the language whose texts it pools: relative rise of bits per byte, 0.02 is 2 % more."""
IN_CONTEXT_LOSS = "in_context_loss"
TEXT_SYSTEMS = ("base", "adapted", "change")
ANSWER_SYSTEMS = (*TEXT_SYSTEMS, "chance", "chance-base", "ceiling")
ANSWER_METRICS = (
    "bleu", "chrf++", "rouge1", "rouge2", "rougeL", "exact_match", "semantic_match", "weighted_f1",
    "language_fidelity", "sentence_fidelity", "answer_ended", "run_on", "repetition", "prompt_copied",
    "answer_words",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """text: as the recipe has it; the run fails if `figure` stands to `limit` as `op` says"""

    text: str
    figure: str
    op: str
    limit: float

    def holds(self, value: float) -> bool:
        return OPERATORS[self.op](value, self.limit)

    @property
    def row(self) -> tuple[str, str, str]:
        """metric, name and system of a figure that is a row of scores.json."""
        metric, _, rest = self.figure.partition(".")
        name, _, system = rest.rpartition(".")
        return metric, name, system


def read_condition(text: str) -> Condition:
    """Raises   ValueError, with an example, unless it is `<figure> <op> <number>`"""
    match = SHAPE.fullmatch(text)
    try:
        if match and math.isfinite(float(match[3])):  # nothing is above nan: such a gate would never close
            return Condition(text.strip(), match[1], match[2], float(match[3]))
    except ValueError:
        pass
    raise ValueError(
        f"evaluation.fail_if: {text!r} is not `<figure> <op> <number>` with one of "
        f"{' '.join(OPERATORS)}. Try `source_bpb_rise > 0.02`."
    )


def gate_problems(
    evaluation: Evaluation, languages: Mapping[str, str], *, target: str, source: str
) -> list[str]:  # fmt: skip
    """What is wrong with the conditions, in words; empty if the comparison will know every figure.

    languages        name of a source -> its language
    target, source   languages of the recipe
    """
    problems: list[str] = []
    known = _known(evaluation, languages, {"target": target, "source": source})
    for text in evaluation.fail_if:
        try:
            condition = read_condition(text)
        except ValueError as error:
            problems.append(str(error))
            continue
        if not any(pattern.fullmatch(condition.figure) for pattern in known.values()):
            problems.append(
                f"evaluation.fail_if: nothing will measure {condition.figure!r}. This recipe measures "
                f"{', '.join(known)}."
            )
    return problems


def _known(
    evaluation: Evaluation, languages: Mapping[str, str], sides: Mapping[str, str]
) -> dict[str, re.Pattern[str]]:
    """Figure as a message shows it -> the pattern of those that it stands for."""
    measured = {languages.get(text.source) for text in evaluation.texts}
    known = {f: re.compile(re.escape(f)) for f, side in RISES.items() if sides[side] in measured}
    if evaluation.in_context:
        known[IN_CONTEXT_LOSS] = re.compile(IN_CONTEXT_LOSS)
        name = re.escape(evaluation.in_context.source or "letters")
        more = "" if evaluation.in_context.source else r"(/[a-z]+)?"
        known |= _rows("in_context_gain", f"{name}{more}", name, TEXT_SYSTEMS)
    for text in evaluation.texts:
        known |= _rows("bits_per_byte", _with_domains(text), text.name, TEXT_SYSTEMS)
        known |= _rows("perplexity", re.escape(text.name), text.name, TEXT_SYSTEMS)
    if prompts := evaluation.prompts:
        encoders = [s.name for s in prompts.semantic]
        for metric in ANSWER_METRICS:
            names = [metric]
            if metric in ("semantic_match", "weighted_f1"):
                names = [metric] if len(encoders) == 1 else [f"{metric}:{encoder}" for encoder in encoders]
            for name in names:
                known |= _rows(name, re.escape(prompts.source), prompts.source, ANSWER_SYSTEMS)
    return known


def _rows(metric: str, pattern: str, name: str, systems: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    shown = f"{metric}.{name}.<{'|'.join(systems)}>"
    return {shown: re.compile(rf"{re.escape(metric)}\.{pattern}\.({'|'.join(systems)})")}


def _with_domains(text: HeldOutText) -> str:
    return re.escape(text.name) + (r"(/.+)?" if text.by else "")
