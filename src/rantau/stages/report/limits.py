"""Limits: what the figures cannot tell, each derived from a recorded fact."""

from __future__ import annotations

from collections.abc import Iterator

from rantau.recipe import Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.headline import whole_benchmarks
from rantau.stages.report.results import Result
from rantau.stages.report.verdict import is_known, metric_name
from rantau.stages.report.wording import ENGLISH, Wording

SMALL_MODEL = 1_000_000_000
FEW_TOKENS = 100_000_000
LOW_CEILING = 1 / 3


def limits(facts: Facts, recipe: Recipe, words: Wording = ENGLISH) -> list[str]:
    """Sentences in a fixed order: model, data, measurement, answers."""
    return [
        *_of_training(facts, words),
        *_of_measuring(facts, recipe, words),
        *_of_benchmarks(facts, words),
        *_of_answers(facts, recipe, words),
        *_of_changes(facts, words),
    ]


def _of_training(facts: Facts, words: Wording) -> Iterator[str]:
    last = facts.phases[-1]
    if last.total < SMALL_MODEL:
        millions = words.number(last.total / 1e6, 0)
        size = "limits.millions" if last.total >= 1_000_000 else "limits.parameters"
        yield words("limits.small", size=words(size, millions=millions, parameters=words.integer(last.total)))
    tokens = sum(p.tokens for p in facts.phases)
    if tokens < FEW_TOKENS:
        phases = ", ".join(f"{p.name} {words.integer(p.tokens)}" for p in facts.phases)
        if len(facts.phases) > 1:
            yield words("limits.few_tokens", tokens=words.integer(tokens), phases=phases)
        else:
            yield words("limits.few_tokens_one", tokens=words.integer(tokens))
    yield words("limits.one_seed")


def _of_measuring(facts: Facts, recipe: Recipe, words: Wording) -> Iterator[str]:
    trained = {part.source for part in facts.composition}
    texts = recipe.evaluation.texts
    same = [t.name for t in texts if t.source in trained]
    other = [t.name for t in texts if t.source not in trained]
    if same:
        yield words("limits.same_sources", names=words.list(same))
    if other:
        yield words("limits.other_sources", names=words.list(other))
    if not any(facts.measured.get(t.name) == facts.source.code for t in texts):
        yield words("limits.no_source_text", language=words.language_name(facts.source.code, facts.languages))
    yield words("limits.bits")
    if not any(r.metric == "in_context_gain" for r in facts.results):
        yield words("limits.no_in_context")


def _of_benchmarks(facts: Facts, words: Wording) -> Iterator[str]:
    found = whole_benchmarks(facts.benchmarks)
    if not found:
        yield words("limits.no_benchmarks")
        return
    if lucky := [b.task for b in found if b.at_chance_adapted]:
        yield words("limits.all_at_chance", names=words.list(lucky))
    if met := [b.task for b in found if b.n_contaminated]:
        yield words("limits.contaminated", names=words.list(met))


def _of_answers(facts: Facts, recipe: Recipe, words: Wording) -> Iterator[str]:
    fidelity = next((r for r in facts.results if r.metric == "language_fidelity"), None)
    if fidelity:
        yield from _of_detector(facts, fidelity, words)
    chrf = next((r for r in facts.results if r.metric == "chrf++"), None)
    if chrf:
        yield from _of_overlap(chrf, words)
    if low := [metric_name(r, facts, words) for r in facts.results if _has_low_ceiling(r)]:
        yield words("limits.ceiling", names=words.list(list(dict.fromkeys(low))))
    prompts = recipe.evaluation.prompts
    if prompts and prompts.decoding == "sampling":
        yield words("limits.sampled", n=words.integer(prompts.repeats))
    elif prompts:
        yield words("limits.greedy")


def _has_low_ceiling(result: Result) -> bool:
    """Whether even the references, cut to the tokens of an answer, stay below a third of the scale."""
    ceiling = result.of("ceiling")
    if result.better != "higher" or ceiling is None or ceiling.value is None:
        return False
    return ceiling.value < LOW_CEILING * {"share": 1.0, "points": 100.0}.get(ceiling.unit, 0.0)


def _of_detector(facts: Facts, fidelity: Result, words: Wording) -> Iterator[str]:
    adapted, language = fidelity.of("adapted"), words.language_name(facts.target.code, facts.languages)
    if adapted is None or adapted.told is None:
        yield words("limits.no_label", language=language)
        return
    _, low, high = adapted.told
    half = words.number(50 * (high - low), 0)
    yield words("limits.fidelity", n=words.integer(fidelity.n), language=language, half=half)
    if adapted.n_untold:
        yield words("limits.too_short", n=words.integer(adapted.n_untold), language=language)
    if facts.target.confused_with:
        yield words("limits.confused", language=language, others=_others(facts, words))


def _others(facts: Facts, words: Wording) -> str:
    """Languages by name; those that have no profile by their code."""
    names = {code: words.language_name(code, facts.languages) for code in facts.target.confused_with}
    named = [name for code, name in names.items() if name != code]
    unnamed = [code for code, name in names.items() if name == code]
    listed = words.list([*named, *unnamed])
    return words("limits.codes", names=listed) if unnamed else listed


def _of_overlap(chrf: Result, words: Wording) -> Iterator[str]:
    adapted, chance = chrf.of("adapted"), chrf.of("chance")
    a, c = adapted.told if adapted else None, chance.told if chance else None
    if a and c:
        key = "limits.above_chance" if a[1] > c[2] else "limits.at_chance"
        yield words(key, adapted=words.number(a[0], 1), chance=words.number(c[0], 1))


def _of_changes(facts: Facts, words: Wording) -> Iterator[str]:
    for effect in ("worse", "unclear"):
        whole = [r for r in facts.results if r.effect == effect and not r.is_part]
        found = [f"{metric_name(r, facts, words)} ({r.name})" for r in whole]
        if found:
            yield words(f"limits.{effect}", names=words.list(found))
    unknown = sorted({r.metric for r in facts.results if not is_known(r.metric)})
    if unknown:
        yield words("limits.unknown", names=words.list(unknown))
