"""Semantic match: whether an answer means its reference, by the cosine of two sentence vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rantau.language import LanguageProfile, folded, words
from rantau.recipe import Semantic
from rantau.records import Score
from rantau.stages.evaluation.figures import corpus_rows, mean_rows
from rantau.stages.evaluation.metrics.separation import ALIKE, Separation, Vectors, separation_of, some_of
from rantau.stages.evaluation.metrics.speech import Speech, Texts, View
from rantau.stages.evaluation.scores import Measure, Resampling, unmeasured
from rantau.stages.evaluation.tables import Statistics, column, tables_of

Encode = Callable[[Sequence[str]], Vectors]
HALF_WORDS = 4  # a half of fewer words says too little to be recognised


@dataclass(frozen=True, slots=True)
class Judge:
    """An encoder with its threshold. vectors: text -> unit vector, for every text of the run"""

    asked: Semantic
    separation: Separation
    vectors: dict[str, Vectors]

    def marks(self, answers: Texts, references: Texts) -> Statistics:
        """(item, 1) 1.0 where an answer matches; one without text matches nothing."""
        return column(
            float(bool(answer) and self._cosine(answer, reference) >= self.separation.threshold)
            for answer, reference in zip(answers, references, strict=True)
        )

    def _cosine(self, answer: str, reference: str) -> float:
        return float((self.vectors[answer] * self.vectors[reference]).sum())


def make_judge(asked: Semantic, view: View, profile: LanguageProfile, encode: Encode, *, seed: int) -> Judge:
    """Encodes all texts and sets the threshold.

    encode   texts -> (n, d) float32 of length 1. References, base and adapted are one call each, so that what
             two runs share is computed once
    """
    halves = [pair for text in view.references if (pair := halves_of(text, profile))]
    shared = _unique([*view.references, *view.cut, *(half for pair in halves for half in pair)])
    groups = [shared, *(_unique(t for draw in draws for t in draw) for draws in (view.base, view.adapted))]
    vectors = {text: v for texts in groups for text, v in zip(texts, encode(texts), strict=True)}
    chosen, halved = some_of(len(view.references), seed=seed), some_of(len(halves), seed=seed)

    def stacked(texts: Iterable[str]) -> Vectors:
        found = [vectors[text] for text in texts]
        return np.stack(found) if found else np.zeros((0, 1), np.float32)

    separation = separation_of(
        stacked(view.cut[i] for i in chosen),
        stacked(view.references[i] for i in chosen),
        (stacked(halves[i][0] for i in halved), stacked(halves[i][1] for i in halved)),
        [folded(view.references[i]) for i in chosen],
        threshold=asked.threshold,
        unrelated_share=asked.unrelated_share,
    )
    return Judge(asked, separation, vectors)


def halves_of(text: str, profile: LanguageProfile) -> tuple[str, str] | None:
    """The text cut between two words in the middle; None if it has too few words."""
    parts = text.split()
    if len(words(text, profile)) < 2 * HALF_WORDS or len(parts) < 2:
        return None
    return " ".join(parts[: len(parts) // 2]), " ".join(parts[len(parts) // 2 :])


def semantic_scores(judge: Judge, speech: Speech, resampling: Resampling, *, alone: bool) -> list[Score]:
    """Rows of semantic_match and weighted_f1, and one of semantic_warning if the encoder does not separate.

    alone  False: several encoders judge, so its name is part of the metric
    """
    view, suffix = speech.seen_by("semantic"), "" if alone else f":{judge.asked.name}"
    of = f"{signature(judge)}|{view.settings}"
    match = Measure(f"semantic_match{suffix}", speech.source, "share", "higher", f"semantic_match|{of}")
    f1 = Measure(
        f"weighted_f1{suffix}", speech.source, "share", "higher", f"weighted_f1|all references:match|{of}"
    )
    tables, n = tables_of(view, judge.marks, seed=resampling["seed"]), len(view.references)
    rows = mean_rows(match, tables, resampling, yes_or_no=True)
    rows += corpus_rows(f1, tables, lambda sums: weighted_f1(sums[..., 0] / n), resampling)
    if judge.separation.fails:
        rows.append(unmeasured(replace(match, metric=f"semantic_warning{suffix}"), "adapted", n, warning(judge)))
    return rows


def weighted_f1(matched: Statistics) -> Statistics:
    """The F1 of seed 003: scikit-learn's f1_score(average="weighted") of judgements against all-true.

    matched  (...) share of answers that match, 0..1
    Returns  2 a / (1 + a): only the class "match" has support, and its precision is 1
    """
    return np.asarray(2 * matched / (1 + matched), dtype=np.float64)


def signature(judge: Judge) -> str:
    found, asked = judge.separation, judge.asked
    area = "too few references of two halves" if found.area is None else f"{found.area:.3f}"
    return "|".join([
        f"encoder:{asked.encoder}" + (f"@{asked.revision}" if asked.revision else ""),
        f"threshold:{found.threshold:.4f} {found.rule}",
        f"unrelated_match:{100 * found.unrelated_share:.2f} % of {found.n_pairs} pairs of references",
        f"alike:{100 * found.alike_share:.1f} % of them at {ALIKE:g}",
        f"auc_of_halves:{area}",
    ])  # fmt: skip


def warning(judge: Judge) -> str:
    """What a reader must know before reading a match share of this encoder."""
    found = judge.separation
    alike = f", and {100 * found.alike_share:.0f} % would at {ALIKE:g}" if found.threshold != ALIKE else ""
    said = [
        f"{judge.asked.name} ({judge.asked.encoder}) does not tell these references apart: of pairs that have "
        f"nothing to do with one another {100 * found.unrelated_share:.1f} % match at a cosine of "
        f"{found.threshold:.2f}{alike}"
    ]
    if found.area is not None:
        said.append(
            f"it finds the two halves of one reference closer than those of two in {100 * found.area:.0f} of 100 "
            "cases, where guessing has 50"
        )
    return f"{'; '.join(said)}. Take an encoder that knows the language, or leave its figures aside."


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
