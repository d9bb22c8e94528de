"""Scores of answers beside their references: overlap of words and characters, and exact match."""

from __future__ import annotations

from functools import partial

from rantau.language import LanguageProfile
from rantau.recipe import Prompts
from rantau.records import Score
from rantau.stages.evaluation.figures import corpus_rows, mean_rows
from rantau.stages.evaluation.metrics.bleu import bleu, bleu_signature, bleu_statistics, bleu_tokenizer
from rantau.stages.evaluation.metrics.exact import SIGNATURE, exact_marks
from rantau.stages.evaluation.metrics.overlap import chrf, chrf_signature, overlap_statistics
from rantau.stages.evaluation.metrics.rouge import ROUGES, rouge_marks, rouge_signature, rouge_tokeniser
from rantau.stages.evaluation.metrics.speech import Speech
from rantau.stages.evaluation.scores import Measure, Resampling
from rantau.stages.evaluation.tables import tables_of


def bleu_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Corpus BLEU in points, with the words of the language."""
    view, tokenizer = speech.seen_by("bleu"), bleu_tokenizer(profile)
    signature = f"{bleu_signature(tokenizer)}|{view.settings}"
    measure = Measure("bleu", speech.source, "points", "higher", signature)
    tables = tables_of(view, partial(bleu_statistics, tokenizer=tokenizer), seed=resampling["seed"])
    return corpus_rows(measure, tables, bleu, resampling)


def chrf_scores(speech: Speech, resampling: Resampling) -> list[Score]:
    """Corpus chrF++ in points."""
    view = speech.seen_by("chrf++")
    measure = Measure("chrf++", speech.source, "points", "higher", f"{chrf_signature()}|{view.settings}")
    tables = tables_of(view, overlap_statistics, seed=resampling["seed"])
    return corpus_rows(measure, tables, chrf, resampling)


def rouge_scores(
    speech: Speech, prompts: Prompts, profile: LanguageProfile, resampling: Resampling
) -> list[Score]:
    """ROUGE-1, ROUGE-2 and ROUGE-L in points, the means over the answers."""
    view, tokenise = speech.seen_by("rouge"), rouge_tokeniser(prompts.rouge, profile)
    rows: list[Score] = []
    for kind in ROUGES:
        signature = f"{rouge_signature(kind, prompts.rouge, profile)}|{view.settings}"
        measure = Measure(kind, speech.source, "points", "higher", signature)
        count = partial(rouge_marks, kind=kind, tokenise=tokenise)
        rows += mean_rows(measure, tables_of(view, count, seed=resampling["seed"]), resampling)
    return rows


def exact_scores(speech: Speech, profile: LanguageProfile, resampling: Resampling) -> list[Score]:
    """Share of answers that say the reference word for word."""
    signature = f"{SIGNATURE}|words:{profile.code}|{speech.whole.settings}"
    measure = Measure("exact_match", speech.source, "share", "higher", signature)
    tables = tables_of(speech.whole, partial(exact_marks, profile=profile), seed=resampling["seed"])
    return mean_rows(measure, tables, resampling, yes_or_no=True)
