"""Details: what the model is, how it came about, and what it is for, each from the recipe or a recorded fact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rantau.recipe import Phase, Recipe
from rantau.stages.report.card.metadata import hub_model
from rantau.stages.report.facts import Facts
from rantau.stages.report.markdown import escaped
from rantau.stages.report.names import short_base
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.running import Running
from rantau.stages.report.wording import ENGLISH, Wording

N_NOTES = 8


def title(facts: Facts, recipe: Recipe, words: Wording) -> str:
    language = words.language_name(facts.target.code, facts.languages)
    return recipe.report.title or words("details.title", base=short_base(recipe.model.base), language=language)


def lines(facts: Facts, recipe: Recipe, running: Running, words: Wording) -> list[str]:
    """Markdown of the list at the head of the card."""
    target = words.language_name(facts.target.code, facts.languages)
    own = f" ({facts.target.own_name})" if facts.target.own_name.casefold() != target.casefold() else ""
    source = words.language_name(facts.source.code, facts.languages)
    last = facts.phases[-1]
    several = "" if all(p.previous_adapter == "continue" for p in recipe.phases[1:]) else "_last"
    told = [
        ("made", words("details.made_with", version=running.packages.get("rantau", ""), recipe=facts.name)),
        ("type", words("details.type_of", kind=_kind(recipe, words))),
        ("languages", words("details.languages_of", target=f"{target}{own}", source=source)),
        ("parameters", words(f"details.parameters_of{several}", trainable=words.integer(last.trainable),
                             total=words.integer(last.total),
                             share=words.percent(last.trainable / last.total, 2))),
        ("licence", words("details.licence_of", licence=recipe.export.adapter_license)),
    ]  # fmt: skip
    shown = [f"**{words(f'details.{key}')}**: {escaped(text)}" for key, text in told]
    return [*shown[:2], f"**{words('details.base')}**: {_base(recipe, words)}", *shown[2:]]


def _kind(recipe: Recipe, words: Wording) -> str:
    last = recipe.adapter_of(recipe.phases[-1])
    return words("details.dora" if last.dora else "details.lora")


def _base(recipe: Recipe, words: Wording) -> str:
    """The base in code marks: hub id, or the words for where else it is."""
    model = recipe.model
    text = f"`{model.base}`"
    if model.revision:
        text += words("details.revision", revision=f"`{model.revision}`")
    if model.sha256:
        text += words("details.sha256", sha256=f"`{model.sha256}`")
    if hub_model(recipe) is None:
        text += words("details.no_hub")
    if model.adapter:
        text += words("details.base_adapter", adapter=f"`{model.adapter}`")
    return text


def methods(facts: Facts, recipe: Recipe, words: Wording) -> list[str]:
    """One paragraph a phase: what was done in it, and nothing that was not."""
    known = {phase.name: phase for phase in facts.phases}
    return [
        f"{phase.name}: {' '.join(_method(recipe, phase, known[phase.name], number, words))}"
        for number, phase in enumerate(recipe.phases)
    ]


def _method(recipe: Recipe, phase: Phase, done: PhaseFacts, number: int, words: Wording) -> Iterator[str]:
    key = phase.kind if phase.kind != "sft" else f"sft_{phase.loss_on}"
    yield words(f"methods.{key}", beta=words.figure(phase.beta))
    yield words(f"methods.{phase.previous_adapter if number else 'first'}")
    if phase.packing == "best_fit":
        filled = words.percent(done.filled_share)
        yield words("methods.packed", tokens=words.integer(phase.max_tokens), share=filled)
    if recipe.vocabulary.extend and number == 0:
        yield words("methods.vocabulary", n=words.integer(recipe.vocabulary.extend))
    if phase.ema is not None:
        yield words("methods.ema", decay=words.figure(phase.ema))
    if phase.early_stopping is not None:
        yield from _stopping(done, phase, words)
    if done.preferred is not None:
        yield words("methods.preferred", share=words.percent(done.preferred), n=words.integer(done.n_last))


def _stopping(done: PhaseFacts, phase: Phase, words: Wording) -> Iterator[str]:
    assert phase.early_stopping is not None
    yield words("methods.held_back", share=words.percent(phase.early_stopping.share, 0))
    steps, planned = words.integer(done.steps), words.integer(done.steps_planned)
    patience = words.integer(phase.early_stopping.patience)
    key = "methods.ended_early" if done.ended == "no gain" else "methods.ended_late"
    yield words(key, steps=steps, planned=planned, patience=patience)
    if done.best is not None:
        bits = words.number(done.best.bits_per_byte, 3)
        yield words("methods.best", step=words.integer(done.best.step), bits=bits)


def template_notes(facts: Facts, words: Wording) -> list[str]:
    """What the chat template does, in the card's language."""
    return [_translated(note, words) for note in facts.template_notes]


def _translated(note: str, words: Wording) -> str:
    """A note by its English pattern; one that no pattern fits stays as it is."""
    for number in range(1, N_NOTES + 1):
        key = f"template_notes.note_{number}"
        if not ENGLISH.has(key):
            break
        places = re.split(r"\{(\w+)\}", ENGLISH.template(key))
        parts = [re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+)" for i, p in enumerate(places)]
        if found := re.fullmatch("".join(parts), note, re.DOTALL):
            return words(key, **found.groupdict())
    return note


def direct_use(recipe: Recipe, facts: Facts, words: Wording) -> list[str]:
    language = words.language_name(facts.target.code, facts.languages)
    kinds = {phase.kind for phase in recipe.phases}
    keys = ["use.answers", "use.study"] if kinds & {"sft", "dpo"} else ["use.text", "use.further"]
    return [words(key, language=language) for key in keys]


def out_of_scope(recipe: Recipe, facts: Facts, words: Wording) -> list[str]:
    longest = words.integer(max(phase.max_tokens for phase in recipe.phases))
    kinds = {phase.kind for phase in recipe.phases}
    keys = ["use.stakes", "use.long", "use.other_languages", *([] if kinds & {"sft", "dpo"} else ["use.no_chat"])]
    return [words(key, tokens=longest) for key in keys]


def alignment(recipe: Recipe, words: Wording) -> list[str]:
    """Whether answers were learnt from preferences; nothing of this makes a model safe."""
    dpo = any(phase.kind == "dpo" for phase in recipe.phases)
    return [words("limits.preferences" if dpo else "limits.no_preferences")]


def recommendations(recipe: Recipe, words: Wording) -> list[str]:
    talks = any(phase.kind in ("sft", "dpo") for phase in recipe.phases)
    return [
        words("recommendations.template" if talks else "recommendations.tune"),
        words("recommendations.check"),
        words("recommendations.licences"),
    ]


def reproduction(recipe: Recipe, words: Wording) -> str:
    profile = words(f"value.{recipe.profile}")
    told = words("reproduction.told", name=recipe.name, profile=profile, seed=str(recipe.seed))
    return f"{told} {words('reproduction.repeat', n=str(recipe.repeat))}" if recipe.repeat else told
