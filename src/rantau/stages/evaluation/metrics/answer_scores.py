"""Scores of answers that look at the answer itself: language, endings, repetition, copying and length."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rantau.language import LanguageProfile, n_words, words
from rantau.records import Score, System
from rantau.stages.evaluation.figures import Untold, mean_rows
from rantau.stages.evaluation.metrics.fidelity import (
    fidelity_signature,
    judge_answers,
    judge_sentences,
    why_untellable,
)
from rantau.stages.evaluation.metrics.repetition import ORDER, TIMES, copied_share, repeats
from rantau.stages.evaluation.metrics.speech import Draws, Speech, Texts
from rantau.stages.evaluation.metrics.turns import runs_on
from rantau.stages.evaluation.scores import Measure, Resampling, unmeasured
from rantau.stages.evaluation.tables import Statistics, Tables, column, columns, tables_of

SYSTEMS: tuple[System, ...] = ("base", "adapted", "change", "ceiling", "chance", "chance-base")
Judgement = tuple[tuple[float, ...], int]  # one mark an answer, answers of which nothing can be told


def fidelity_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Share of answers in the target language, and of the sentences within them.

    The ceiling is what the detector says of the references.
    """

    def of_answers(texts: Texts) -> Judgement:
        found = judge_answers(texts, profile)
        return found.hits, found.n_untold

    judged = _judged_rows(
        "language_fidelity", fidelity_signature(profile), of_answers, True, speech, profile, resampling
    )
    of_sentences = partial(judge_sentences, profile=profile)
    settings = fidelity_signature(profile, too_short="left_out,not_in_language_if_all_are")
    return judged + _judged_rows("sentence_fidelity", settings, of_sentences, False, speech, profile, resampling)


def _judged_rows(
    name: str, settings: str, judge: Callable[[Texts], Judgement], yes_or_no: bool, speech: Speech,
    profile: LanguageProfile, resampling: Resampling,
) -> list[Score]:  # fmt: skip
    signature = f"{name}|{settings}|{speech.whole.settings}"
    measure = Measure(name, speech.source, "share", "higher", signature)
    if reason := why_untellable(profile):
        return [unmeasured(measure, system, len(speech.prompts), reason) for system in SYSTEMS]
    base, adapted = ([judge(texts) for texts in draws] for draws in (speech.whole.base, speech.whole.adapted))
    cut = judge(speech.whole.cut)
    tables = Tables(columns([m for m, _ in base]), columns([m for m, _ in adapted]), column(cut[0]))
    n_untold: Untold = {"base": _typical(base), "adapted": _typical(adapted), "ceiling": cut[1]}
    return mean_rows(measure, tables, resampling, yes_or_no=yes_or_no, n_untold=n_untold)


def _typical(draws: list[Judgement]) -> int:
    """Answers of which nothing can be told: the mean over the draws, in whole answers."""
    return round(sum(n for _, n in draws) / len(draws))


def ending_scores(speech: Speech, resampling: Resampling) -> list[Score]:
    """Share of answers that the model ended itself, and share of those that run on."""
    settings, room = speech.whole.settings, speech.references_end
    ended = Measure("answer_ended", speech.source, "share", "higher", f"answer_ended|{settings}")
    tables = Tables(columns(speech.ended_base), columns(speech.ended_adapted), column(room))
    rows = mean_rows(ended, tables, resampling, yes_or_no=True)

    def marks(draws: Draws, endings: tuple[tuple[float, ...], ...]) -> tuple[Statistics, ...]:
        return columns([
            [float(runs_on(t, ended=bool(e), room=bool(r))) for t, e, r in zip(texts, ends, room, strict=True)]
            for texts, ends in zip(draws, endings, strict=True)
        ])  # fmt: skip

    signature = f"run_on|another turn, or at the limit where the reference fits|{settings}"
    run_on = Measure("run_on", speech.source, "share", "lower", signature)
    whole = speech.whole
    cut = marks((whole.cut,), (room,))[0]
    tables = Tables(marks(whole.base, speech.ended_base), marks(whole.adapted, speech.ended_adapted), cut)
    return rows + mean_rows(run_on, tables, resampling, yes_or_no=True)


def repetition_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Share of answers in which some words in a row come again and again."""
    signature = f"repetition|words:{profile.code}|same {ORDER} words {TIMES} times|{speech.whole.settings}"
    measure = Measure("repetition", speech.source, "share", "lower", signature)
    tables = _tables_of_answers(speech, lambda text: float(repeats(words(text, profile))))
    return mean_rows(measure, tables, resampling, yes_or_no=True)


def copying_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Mean share of an answer's words that are copied from its prompt: parroting passes for the language.

    Chance is the share that is "copied" from other prompts.
    """
    settings = speech.whole.settings
    signature = f"prompt_copied|words:{profile.code}|runs of {ORDER} words or more|{settings}"
    measure = Measure("prompt_copied", speech.source, "share", "lower", signature)

    def count(answers: Texts, prompts: Texts) -> Statistics:
        pairs = zip(answers, prompts, strict=True)
        return column(copied_share(words(said, profile), words(asked, profile)) for said, asked in pairs)

    tables = tables_of(speech.whole, count, seed=resampling["seed"], against=speech.prompts)
    return mean_rows(measure, tables, resampling)


def length_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Mean length of answers in words: longer is not better."""
    signature = f"answer_words|words:{profile.code}|{speech.whole.settings}"
    measure = Measure("answer_words", speech.source, "words", "neither", signature)
    tables = _tables_of_answers(speech, lambda text: float(n_words(text, profile)))
    return mean_rows(measure, tables, resampling)


def _tables_of_answers(speech: Speech, mark: Callable[[str], float]) -> Tables:
    """Tables of a metric that looks at the answer alone."""

    def marks(draws: Draws) -> tuple[Statistics, ...]:
        return columns([[mark(text) for text in texts] for texts in draws])

    whole = speech.whole
    return Tables(marks(whole.base), marks(whole.adapted), marks((whole.cut,))[0])
