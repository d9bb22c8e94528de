"""Language fidelity: whether answers come in the language that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rantau.language import LanguageProfile, judge_language
from rantau.stages.evaluation.metrics.sentences import sentences

MIN_PROBABILITY = 0.5


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Judgements of many answers, in their order.

    hits      1.0 where the answer is in the language, else 0.0; an answer that is empty or too short to tell
              counts 0.0, since nobody could see that it is in the language
    labels    raw label of the detector, or "too short"
    n_untold  answers too short to tell
    """

    hits: tuple[float, ...]
    labels: tuple[str, ...]
    n_untold: int


def judge_answers(answers: Sequence[str], profile: LanguageProfile) -> Fidelity:
    judged = [judge_language(text, profile, min_probability=MIN_PROBABILITY) for text in answers]
    short = [j.reason == "too_short" or not text.strip() for j, text in zip(judged, answers, strict=True)]
    labels = ["too short" if s else j.detection.label for j, s in zip(judged, short, strict=True)]
    return Fidelity(tuple(float(j.in_language is True) for j in judged), tuple(labels), sum(short))


def judge_sentences(answers: Sequence[str], profile: LanguageProfile) -> tuple[tuple[float, ...], int]:
    """Of each answer the share of its sentences that are in the language, and the answers without a share.

    Only sentences that are long enough to tell are counted. An answer with none has no share and counts 0.0.
    """
    judged = [judge_answers(sentences(text), profile) for text in answers]
    told = [len(j.hits) - j.n_untold for j in judged]
    shares = tuple(sum(j.hits) / n if n else 0.0 for j, n in zip(judged, told, strict=True))
    return shares, told.count(0)


def why_untellable(profile: LanguageProfile) -> str:
    """Why no share can be given for this language; empty if one can."""
    if profile.detector_label is not None:
        return ""
    others = ", ".join(profile.confused_with) or "other languages"
    return (
        f"py3langid has no label for {profile.name} ({profile.code}) and takes it for {others}, "
        "so the share of answers in it cannot be told."
    )


def fidelity_signature(profile: LanguageProfile, *, too_short: str = "not_in_language") -> str:
    """Detector and settings, and the languages that its label may also stand for.

    too_short  what becomes of a text that is too short to tell
    """
    from importlib.metadata import version

    parts = [
        f"detector:py3langid-{version('py3langid')}", f"label:{profile.detector_label}",
        f"min_probability:{MIN_PROBABILITY:g}", f"min_letters:{profile.detector_min_letters}",
        f"too_short:{too_short}", f"confused_with:{','.join(profile.confused_with) or 'none'}",
    ]  # fmt: skip
    return "|".join(parts)
