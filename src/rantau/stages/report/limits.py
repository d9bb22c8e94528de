"""Limits: what the figures cannot tell, each derived from a recorded fact."""

from __future__ import annotations

from collections.abc import Iterator

from rantau.recipe import Recipe
from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.results import Result
from rantau.stages.report.verdict import METRIC_NAMES, metric_name

SMALL_MODEL = 1_000_000_000
FEW_TOKENS = 100_000_000


def limits(facts: Facts, recipe: Recipe) -> list[str]:
    """Sentences in a fixed order: model, data, measurement, answers."""
    return [*_of_training(facts), *_of_measuring(facts, recipe), *_of_answers(facts), *_of_changes(facts)]


def _of_training(facts: Facts) -> Iterator[str]:
    last = facts.phases[-1]
    if last.total < SMALL_MODEL:
        yield (
            f"The model has {_size(last.total)} parameters, adapter included. Models "
            "of this size state wrong facts fluently; do not use one where a wrong answer does harm."
        )
    tokens = sum(p.tokens for p in facts.phases)
    if tokens < FEW_TOKENS:
        yield (
            f"It was trained on {tokens:,} tokens ({_by_phase(facts)}). That is enough to move a language model "
            "towards a language, not to teach it what its speakers know."
        )
    yield (
        "One training run with one seed was measured. The intervals say how far the figures depend on the items "
        "that were asked, not how far they depend on the seed."
    )


def _size(n: int) -> str:
    return f"{precision.number(n / 1e6, 0)} million" if n >= 1_000_000 else f"{n:,}"


def _by_phase(facts: Facts) -> str:
    return ", ".join(f"{p.name} {p.tokens:,}" for p in facts.phases)


def _of_measuring(facts: Facts, recipe: Recipe) -> Iterator[str]:
    trained = {part.source for part in facts.composition}
    texts = recipe.evaluation.texts
    same = [t.name for t in texts if t.source in trained]
    other = [t.name for t in texts if t.source not in trained]
    if same:
        yield (
            f"Held-out text of {_list(same)} comes from the sources that were trained on: unseen documents, but "
            "the same kind of text. Other kinds of text may change less."
        )
    if other:
        yield f"Nothing was trained on the sources of {_list(other)}."
    if not any(facts.measured.get(t.name) == facts.source.code for t in texts):
        yield f"No text in {facts.source.name} was measured, so forgetting cannot be seen."
    yield (
        "Bits per byte tell how well text is predicted. They do not tell whether answers are true, safe or useful."
    )


def _of_answers(facts: Facts) -> Iterator[str]:
    fidelity = next((r for r in facts.results if r.metric == "language_fidelity"), None)
    if fidelity:
        yield from _of_detector(facts, fidelity)
    chrf = next((r for r in facts.results if r.metric == "chrf++"), None)
    if chrf:
        yield from _of_overlap(chrf)
        yield ("Answers were generated greedily, one for each prompt, and no person judged them.")


def _of_detector(facts: Facts, fidelity: Result) -> Iterator[str]:
    adapted = fidelity.of("adapted")
    told = adapted.told if adapted else None
    if told is None:
        reason = adapted.reason if adapted else None
        yield reason or f"The share of answers in {facts.target.name} could not be measured."
        return
    _, low, high = told
    yield (
        f"With {fidelity.n} prompts, the share of answers in {facts.target.name} is known to about "
        f"±{precision.number(50 * (high - low), 0)} points."
    )
    if adapted and adapted.n_untold:
        yield (
            f"{adapted.n_untold} answers of the adapted model were too short for the detector; they count as not "
            f"in {facts.target.name}."
        )
    if facts.target.confused_with:
        yield (
            f"The language detector mixes up {facts.target.name} with {_others(facts)}; an answer in one "
            f"of these may count as {facts.target.name}."
        )


def _others(facts: Facts) -> str:
    """Languages by name; those that have no profile by their code."""
    codes = facts.target.confused_with
    unnamed = [c for c in codes if facts.language_name(c) == c]
    named = [facts.language_name(c) for c in codes if c not in unnamed]
    return _list([*named, *unnamed]) + (" (codes of ISO 639-3)" if unnamed else "")


def _of_overlap(chrf: Result) -> Iterator[str]:
    adapted, chance = chrf.of("adapted"), chrf.of("chance")
    a, c = adapted.told if adapted else None, chance.told if chance else None
    if a and c:
        above = a[1] > c[2]
        yield (
            f"chrF++ of the adapted model ({precision.number(a[0], 1)}) is "
            + ("above" if above else "not clearly above")
            + f" what its answers reach against the references of other prompts ({precision.number(c[0], 1)})"
            + (
                ", but much of the score is what any text in the language shares."
                if above
                else ", so the overlap says nothing about answering the question."
            )
        )


def _of_changes(facts: Facts) -> Iterator[str]:
    worse = [f"{metric_name(r, facts)} ({r.name})" for r in facts.results if r.effect == "worse"]
    if worse:
        yield f"Measurably worse than the base model: {_list(worse)}."
    unclear = [f"{metric_name(r, facts)} ({r.name})" for r in facts.results if r.effect == "unclear"]
    if unclear:
        yield f"Differences that these items cannot resolve: {_list(unclear)}."
    unknown = sorted({r.metric for r in facts.results} - METRIC_NAMES.keys())
    if unknown:
        yield f"Metrics that this report shows without explanation: {_list(unknown)}."


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
