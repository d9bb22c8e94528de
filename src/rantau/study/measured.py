"""What a trial's two systems got, item by item: the tables from which every figure of the comparison is made.

The scores of a trial are single figures. Two arms are compared over their items, so the tables behind those
figures are made again from the answers, by the same functions, and held against the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from rantau import files
from rantau.errors import MeasureError
from rantau.language import LanguageProfile, load_profile
from rantau.recipe import Prompts, Recipe, Semantic
from rantau.stages.evaluation.asked import Asked, read_asked
from rantau.stages.evaluation.metrics.bleu import bleu, bleu_statistics, bleu_tokenizer
from rantau.stages.evaluation.metrics.exact import exact_marks
from rantau.stages.evaluation.metrics.fidelity import judge_answers, why_untellable
from rantau.stages.evaluation.metrics.overlap import chrf, overlap_statistics
from rantau.stages.evaluation.metrics.rouge import ROUGES, rouge_marks, rouge_tokeniser
from rantau.stages.evaluation.metrics.semantic import make_judge, weighted_f1
from rantau.stages.evaluation.metrics.separation import Vectors
from rantau.stages.evaluation.metrics.speech import Draws, Speech, View, speech_of
from rantau.stages.evaluation.tables import Count, Statistics, columns
from rantau.study.questions import benchmark_scores, benchmark_tables, ratio

Combine = Callable[[Statistics], Statistics]  # (..., k) sums over items -> (...) figures
Key = tuple[str, str]  # metric, name
TOLERANCE = 1e-6  # of a recomputed figure against the score, relative


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of a trial.

    base, adapted  (item, k) statistics, one table a run: each draw of the answers
    items          what the rows of a table are: the same for two trials that can be compared
    """

    key: Key
    items: tuple[str, ...]
    base: tuple[Statistics, ...]
    adapted: tuple[Statistics, ...]
    combine: Combine

    def runs(self, tables: Sequence[Statistics]) -> list[float]:
        """The figure of each run."""
        return [float(self.combine(table.sum(axis=0))) for table in tables]


def measure_trial(folders: Mapping[str, Path], recipe: Recipe) -> list[Measured]:
    """folders: stage -> finished artefact

    Raises   MeasureError if a figure does not come out as the trial's scores have it
    """
    prompts = recipe.evaluation.prompts
    base, adapted = (
        read_asked(folders[stage], with_prompts=prompts is not None, with_probe=False)
        for stage in ("answer-base", "answer-adapted")
    )
    found = [_bits(text.name, base, adapted) for text in recipe.evaluation.texts]
    if prompts:
        profile = load_profile(recipe.language.target)
        speech = speech_of(base, adapted, prompts)
        items = tuple(f"{item['id']} {files.sha256_text(item['reference'])[:16]}" for item in base.items)
        found += _of_answers(speech, prompts, profile, items, seed=recipe.seed)
    found += [
        Measured(key, items, (base,), (adapted,), ratio)
        for key, (items, base, adapted) in benchmark_tables(folders).items()
    ]
    _hold_against(found, folders)
    return found


def scores_of(folders: Mapping[str, Path]) -> dict[Key, dict[str, Any]]:
    """figure -> system -> row of scores.json, and of benchmarks.json in the same shape"""
    found: dict[Key, dict[str, Any]] = {}
    for row in files.read_json(folders["compare"] / "scores.json"):
        found.setdefault((row["metric"], row["name"]), {})[row["system"]] = row
    return found | benchmark_scores(folders)


def _bits(text: str, base: Asked, adapted: Asked) -> Measured:
    def table(asked: Asked) -> tuple[Statistics]:
        rows = [(t.nats / log(2), t.bytes) for t in asked.texts if t.text == text]
        return (np.asarray(rows, dtype=np.float64),)  # (document, 2)

    items = tuple(f"{t.document_id} {t.bytes}" for t in base.texts if t.text == text)
    return Measured(("bits_per_byte", text), items, table(base), table(adapted), ratio)


def _of_answers(
    speech: Speech, prompts: Prompts, profile: LanguageProfile, items: tuple[str, ...], *, seed: int
) -> Iterator[Measured]:
    mean = partial(_mean, n_items=len(items))

    def against_references(metric: str, view: View, count: Count, combine: Combine) -> Measured:
        base, adapted = (tuple(count(d, view.references) for d in draws) for draws in (view.base, view.adapted))
        return Measured((metric, speech.source), items, base, adapted, combine)

    yield against_references("chrf++", speech.seen_by("chrf++"), overlap_statistics, chrf)
    words = partial(bleu_statistics, tokenizer=bleu_tokenizer(profile))
    yield against_references("bleu", speech.seen_by("bleu"), words, bleu)
    tokenise = rouge_tokeniser(prompts.rouge, profile)
    for kind in ROUGES:
        count = partial(rouge_marks, kind=kind, tokenise=tokenise)
        yield against_references(kind, speech.seen_by("rouge"), count, mean)
    yield against_references("exact_match", speech.whole, partial(exact_marks, profile=profile), mean)
    for asked in prompts.semantic:
        view, suffix = speech.seen_by("semantic"), f":{asked.name}" if len(prompts.semantic) > 1 else ""
        judge = make_judge(asked, view, profile, partial(_encoded, asked), seed=seed)
        yield against_references(f"semantic_match{suffix}", view, judge.marks, mean)
        f1 = partial(_weighted_f1, n_items=len(items))
        yield against_references(f"weighted_f1{suffix}", view, judge.marks, f1)
    if not why_untellable(profile):
        base, adapted = (_in_language(draws, profile) for draws in (speech.whole.base, speech.whole.adapted))
        yield Measured(("language_fidelity", speech.source), items, base, adapted, mean)


def _in_language(draws: Draws, profile: LanguageProfile) -> tuple[Statistics, ...]:
    return columns([judge_answers(texts, profile).hits for texts in draws])


def _encoded(asked: Semantic, texts: Sequence[str]) -> Vectors:
    """From the cache: the trial's own comparison has encoded the same texts."""
    from rantau.model.encoder import encode

    return encode(texts, asked.encoder, revision=asked.revision)


def _mean(sums: Statistics, *, n_items: int) -> Statistics:
    return np.asarray(sums[..., 0] / n_items)


def _weighted_f1(sums: Statistics, *, n_items: int) -> Statistics:
    return weighted_f1(sums[..., 0] / n_items)


def _hold_against(found: Sequence[Measured], folders: Mapping[str, Path]) -> None:
    scores = scores_of(folders)
    for one in found:
        for system, tables in (("base", one.base), ("adapted", one.adapted)):
            scored = scores.get(one.key, {}).get(system, {}).get("value")
            again = float(np.mean(one.runs(tables)))
            if scored is not None and abs(again - scored) > TOLERANCE * max(1.0, abs(scored)):
                figure = f"{folders['compare']}: {one.key[0]} of {system}"
                raise MeasureError(
                    f"{figure} is {scored:.6g} in its scores, but its answers give {again:.6g}. They were scored "
                    "by another version: delete this folder and run again."
                )
