"""The comparison: all scores of base and adapted, and all answers side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rantau.language import LanguageProfile
from rantau.recipe import Evaluation, Prompts, Semantic
from rantau.records import AnswerPair, Score
from rantau.run.progress import Progress
from rantau.stages.evaluation.asked import Asked
from rantau.stages.evaluation.in_context.scores import in_context_scores
from rantau.stages.evaluation.likelihood.bits import text_scores
from rantau.stages.evaluation.metrics.answer_scores import (
    copying_scores,
    ending_scores,
    fidelity_scores,
    length_scores,
    repetition_scores,
)
from rantau.stages.evaluation.metrics.fidelity import judge_answers
from rantau.stages.evaluation.metrics.overlap import chrf, overlap_statistics
from rantau.stages.evaluation.metrics.reference_scores import bleu_scores, chrf_scores, exact_scores, rouge_scores
from rantau.stages.evaluation.metrics.semantic import make_judge, semantic_scores
from rantau.stages.evaluation.metrics.separation import Vectors
from rantau.stages.evaluation.metrics.speech import Speech, speech_of
from rantau.stages.evaluation.prompts.items import plain_prompt
from rantau.stages.evaluation.scores import Resampling, resampling_of

Part = Callable[[], list[Score]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """scores in the order of the recipe; samples in item order, none when the recipe has no prompts"""

    scores: tuple[Score, ...]
    samples: tuple[AnswerPair, ...]


def compare_systems(
    base: Asked, adapted: Asked, profile: LanguageProfile, evaluation: Evaluation, *, seed: int,
    progress: Progress,
) -> Comparison:  # fmt: skip
    """Scores and samples of two systems that were asked the same (`refuse_unlike`)."""
    resampling = resampling_of(evaluation, seed)
    parts: list[Part] = [
        partial(
            text_scores,
            text,
            [s for s in base.texts if s.text == text.name],
            [s for s in adapted.texts if s.text == text.name],
            context_tokens=evaluation.context_tokens,
            resampling=resampling,
        )
        for text in evaluation.texts
    ]
    if probe := evaluation.in_context:
        parts.append(partial(in_context_scores, base.in_context, adapted.in_context, probe, resampling))
    samples: list[AnswerPair] = []
    if asked := evaluation.prompts:
        speech = speech_of(base, adapted, asked)
        samples = _samples(base, speech, profile)
        parts += _answer_parts(speech, asked, profile, resampling, progress)
    scores = [s for part in progress.track(parts, "comparing", len(parts)) for s in part()]
    return Comparison(tuple(scores), tuple(samples))


def _answer_parts(
    speech: Speech, asked: Prompts, profile: LanguageProfile, resampling: Resampling, progress: Progress
) -> list[Part]:
    return [
        partial(fidelity_scores, speech, profile, resampling),
        partial(chrf_scores, speech, resampling),
        partial(bleu_scores, speech, profile, resampling),
        partial(rouge_scores, speech, asked, profile, resampling),
        partial(exact_scores, speech, profile, resampling),
        *(partial(_meaning_scores, one, speech, asked, profile, resampling, progress) for one in asked.semantic),
        partial(ending_scores, speech, resampling),
        partial(repetition_scores, speech, profile, resampling),
        partial(copying_scores, speech, profile, resampling),
        partial(length_scores, speech, profile, resampling),
    ]


def _meaning_scores(
    semantic: Semantic, speech: Speech, asked: Prompts, profile: LanguageProfile, resampling: Resampling,
    progress: Progress,
) -> list[Score]:  # fmt: skip
    """Of one encoder. A warning is said aloud too: its figures look like those of a good one."""

    def encoded(texts: Sequence[str]) -> Vectors:
        from rantau.model.encoder import encode

        return encode(texts, semantic.encoder, revision=semantic.revision)

    view = speech.seen_by("semantic")
    judge = make_judge(semantic, view, profile, encoded, seed=resampling["seed"])
    rows = semantic_scores(judge, speech, resampling, alone=len(asked.semantic) == 1)
    for row in rows:
        if row.metric.startswith("semantic_warning"):
            progress.say(f"WARNING: {row.reason}")
    return rows


def _samples(base: Asked, speech: Speech, profile: LanguageProfile) -> list[AnswerPair]:
    """Where prompts were answered several times, the first answer."""
    said = {"base": speech.whole.base[0], "adapted": speech.whole.adapted[0]}
    points = {s: chrf(overlap_statistics(texts, speech.whole.references)).tolist() for s, texts in said.items()}
    labels = {s: judge_answers(texts, profile).labels for s, texts in said.items()}
    return [
        AnswerPair(
            item_id=item["id"],
            prompt=plain_prompt(item["prompt_messages"]),
            reference=item["reference"],
            base=said["base"][i],
            adapted=said["adapted"][i],
            chrf_base=points["base"][i],
            chrf_adapted=points["adapted"][i],
            language_base=labels["base"][i],
            language_adapted=labels["adapted"][i],
        )
        for i, item in enumerate(base.items)
    ]
