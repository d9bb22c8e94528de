"""Answers, scores and bits of single documents, made by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.records import BenchmarkResult, Estimate

EVIL = '<script>alert(1)</script> & "q" </style> \x00\x1b[31m'
ANSWERS = [
    ("Jelaskan mengapa langit berwarna biru.",
     "Cahaya matahari terdiri atas banyak warna. Molekul udara menghamburkan cahaya biru lebih kuat, sehingga "
     "langit tampak biru.",
     "The sky is blue because of the way that the light from the sun is scattered by the air.",
     "Langit berwarna biru karena cahaya matahari dihamburkan oleh udara di atmosfer. Cahaya biru lebih banyak."),
    ("Ubah kalimat ini menjadi bentuk pasif: Ibu membeli sayur di pasar.",
     "Sayur dibeli oleh Ibu di pasar.",
     "Ubah kalimat ini menjadi bentuk pasif: Ibu membeli sayur di pasar.",
     "Ibu membeli sayur di pasar."),
    ("Tulislah pantun tentang laut.",
     "Burung camar terbang rendah,\nHinggap sebentar di atas perahu.\nLaut luas tiada bertepah,\nTempat nelayan "
     "mencari ilmu.",
     "",
     "Laut yang luas di tepi pantai,\nAngin bertiup di tepi laut,\nLaut yang luas di tepi pantai,\nAngin bertiup "
     "di tepi laut."),
]  # fmt: skip
TEXTS = {"indonesian-news": (200, 2.48, -0.213), "indonesian-answers": (80, 2.31, -0.262),
         "english-docs": (60, 0.97, 0.004), "english-talk": (100, 1.44, 0.031)}  # fmt: skip
INTERVAL = "percentile bootstrap|confidence:0.95|resamples:2000|seed:42"


def write_answers(base: Path, adapted: Path, draw: random.Random) -> None:
    before, after = [], []
    for text, (n, bits, change) in TEXTS.items():
        for i in range(n):
            nats = draw.gauss(bits, 0.2) * math.log(2) * 400
            row = {"text": text, "document_id": f"{text}:{i}", "bytes": 400, "tokens": 170}
            before.append({**row, "nats": nats})
            after.append({**row, "nats": nats * (1 + draw.gauss(change, 0.045))})
    files.write_jsonl(base / "texts.jsonl", before)
    files.write_jsonl(adapted / "texts.jsonl", after)


def _row(
    metric: str, name: str, unit: str, better: str, system: str, value: Sequence[float | None], n: int, **more: Any
) -> dict[str, Any]:
    v, low, high = value
    signature = f"{metric}|form:NFC|context_tokens:512|interval:{INTERVAL}"
    return {"metric": metric, "name": name, "unit": unit, "better": better, "system": system, "value": v,
            "low": low, "high": high, "n": n, "signature": signature, **more}  # fmt: skip


def write_scores(folder: Path, draw: random.Random, *, prompts: bool) -> None:
    rows = _text_rows(TEXTS)
    if prompts:
        rows += _answer_rows()
        files.write_jsonl(folder / "samples.jsonl", _samples(draw))
    files.write_json(folder / "scores.json", rows)


def _text_rows(texts: Mapping[str, tuple[int, float, float]]) -> list[dict[str, Any]]:
    rows = []
    for text, (n, bits, change) in texts.items():
        half = 0.012 if n > 60 else 0.006
        for system, value, wide in (("base", bits, 0.04), ("adapted", bits * (1 + change), 0.035)):
            interval = (value, value - wide, value + wide)
            rows.append(_row("bits_per_byte", text, "bits/byte", "lower", system, interval, n))
        interval = (change, change - half, change + half)
        rows.append(_row("bits_per_byte", text, "relative", "lower", "change", interval, n))
        for system, value in (("base", 44.81), ("adapted", 18.02)):
            interval = (value, value - 2.1, value + 2.4)
            rows.append(_row("perplexity", text, "perplexity", "lower", system, interval, n))
    return rows


def _answer_rows() -> list[dict[str, Any]]:
    measured = {
        ("language_fidelity", "share", "higher"): {"base": (0.0417, 0.0143, 0.1155),
            "adapted": (0.9028, 0.8132, 0.9521), "ceiling": (0.9722, 0.9043, 0.9923),
            "change": (0.8611, 0.7778, 0.9306)},
        ("chrf++", "points", "higher"): {"base": (8.42, 7.61, 9.33), "adapted": (18.91, 17.42, 20.5),
            "ceiling": (77.3, 73.2, 81.5), "chance": (13.22, 12.4, 14.0), "chance-base": (7.9, 7.3, 8.6),
            "change": (10.49, 9.0, 12.05)},
        ("answer_ended", "share", "higher"): {"base": (0.3194, 0.2232, 0.4336),
            "adapted": (0.6111, 0.4957, 0.7154), "ceiling": (0.6528, 0.5380, 0.7521),
            "change": (0.2917, 0.1528, 0.4306)},
        ("repetition", "share", "lower"): {"base": (0.0972, 0.0479, 0.1868), "adapted": (0.1389, 0.0771, 0.2376),
            "ceiling": (0.0, 0.0, 0.0507), "change": (0.0417, -0.0694, 0.1528)},
        ("prompt_copied", "share", "lower"): {"base": (0.061, 0.024, 0.107), "adapted": (0.112, 0.071, 0.16),
            "ceiling": (0.04, 0.017, 0.069), "change": (0.051, 0.004, 0.101)},
        ("answer_words", "words", "neither"): {"base": (31.2, 28.0, 34.1), "adapted": (24.6, 22.1, 27.0),
            "ceiling": (22.9, 21.4, 24.3), "change": (-6.6, -10.1, -3.0)},
    }  # fmt: skip
    rows = []
    for (metric, unit, better), systems in measured.items():
        for system, value in systems.items():
            more: dict[str, Any] = {"n_untold": 2} if metric == "language_fidelity" and system != "change" else {}
            more |= {"p_mcnemar": 0.0000012} if system == "change" and unit == "share" else {}
            rows.append(_row(metric, "instruksi", unit, better, system, value, 72, **more))
    return rows


def _samples(draw: random.Random) -> list[dict[str, Any]]:
    rows = []
    for i in range(72):
        prompt, reference, base, adapted = ANSWERS[i % len(ANSWERS)]
        before, after = draw.uniform(2, 15), draw.uniform(5, 34)
        rows.append(
            {"item_id": f"instruksi:{i}", "prompt": prompt, "reference": reference,
             "base": EVIL if i == 0 else base, "adapted": adapted,
             "chrf_base": 0.0 if i == 0 else before, "chrf_adapted": 60.0 if i == 0 else after,
             "language_base": draw.choice(["en"] * 20 + ["id", "too short", "la"]),
             "language_adapted": draw.choice(["id"] * 20 + ["ms", "en", "too short"])}
        )  # fmt: skip
    rows.sort(key=lambda r: (r["chrf_base"] - r["chrf_adapted"], r["item_id"]))
    return rows


def add_evaluation(compare: Path, benchmarks: Path) -> None:
    """What the richer evaluation writes beside: parts of a text, more metrics, examples, gates, benchmarks."""
    rows = files.read_json(compare / "scores.json")
    rows += _text_rows({"indonesian-news/sport": (61, 2.5, -0.2), "indonesian-news/law": (40, 2.6, -0.19)})
    rows += _more_metrics() + _in_context()
    files.write_json(compare / "scores.json", rows)
    files.write_json(compare / "gates.json", GATES)
    files.write_json(benchmarks / "benchmarks.json", [b.to_row() for b in BENCHMARKS])


def _more_metrics() -> list[dict[str, Any]]:
    measured: dict[tuple[str, str], dict[str, tuple[float, float, float]]] = {
        ("bleu", "points"): {"base": (1.1, 0.7, 1.6), "adapted": (4.2, 3.1, 5.4), "change": (3.1, 2.0, 4.2),
                             "chance": (0.9, 0.6, 1.2), "chance-base": (0.5, 0.3, 0.8),
                             "ceiling": (11.5, 10.1, 13.0)},
        ("rougeL", "points"): {"base": (6.1, 5.2, 7.1), "adapted": (15.2, 13.6, 16.8), "change": (9.1, 7.4, 10.8),
                               "chance": (9.4, 8.8, 10.1), "chance-base": (3.3, 2.8, 3.9),
                               "ceiling": (51.0, 47.2, 54.9)},
        ("semantic_match:use-m3", "share"): {"base": (0.028, 0.008, 0.096), "adapted": (0.014, 0.002, 0.075),
                                             "change": (-0.014, -0.07, 0.042), "chance": (0.01, 0.003, 0.06),
                                             "chance-base": (0.01, 0.003, 0.06), "ceiling": (0.86, 0.76, 0.92)},
    }  # fmt: skip
    rows = []
    for (metric, unit), systems in measured.items():
        for system, value in systems.items():
            more: dict[str, Any] = {"p_value": 0.004} if system == "change" and unit == "points" else {}
            more |= {"sd_repeats": 0.31} if system in ("base", "adapted") and unit == "points" else {}
            rows.append(_row(metric, "instruksi", unit, "higher", system, value, 72, **more))
    why = "This encoder finds 61.0 % of unrelated pairs alike; its figures tell nothing."
    nothing = (None, None, None)
    rows.append(
        _row("semantic_warning:minilm", "instruksi", "share", "higher", "adapted", nothing, 72, reason=why)
    )
    return rows


def _in_context() -> list[dict[str, Any]]:
    values = {"base": (0.412, 0.371, 0.455), "adapted": (0.335, 0.29, 0.38), "change": (-0.077, -0.11, -0.045)}
    return [_row("in_context_gain", "letters", "bits/byte", "higher", s, v, 48) for s, v in values.items()]


GATES: list[dict[str, Any]] = [
    {"condition": "source_bpb_rise > 0.05", "figure": "source_bpb_rise", "value": 0.021, "low": 0.011,
     "high": 0.032, "limit": 0.05, "failed": False, "reason": None},
    {"condition": "in_context_loss > 0.1", "figure": "in_context_loss", "value": 0.187, "low": 0.11,
     "high": 0.26, "limit": 0.1, "failed": True, "reason": None},
    {"condition": "bleu.instruksi.adapted < 3", "figure": "bleu.instruksi.adapted", "value": 4.2, "low": 3.1,
     "high": 5.4, "limit": 3.0, "failed": False, "reason": None},
]  # fmt: skip


def _benchmark(
    name: str, language: str, n: int, chance: float, base: float, adapted: float, p: float, **more: Any
) -> BenchmarkResult:
    half, change = 0.98 / math.sqrt(n), adapted - base
    told = {
        "benchmark": name, "task": name, "language": language, "shots": 5, "metric": "acc", "n": n,
        "n_clusters": n, "n_contaminated": 0, "clean_n": n, "clean_base": base, "clean_adapted": adapted,
        "clean_change": None, "signature": f"lm-eval:0.4.13|task:{name}|version:1.0|shots:5|acc",
    }  # fmt: skip
    return BenchmarkResult(
        **{**told, **more}, chance=chance, base=Estimate(base, base - half, base + half),
        adapted=Estimate(adapted, adapted - half, adapted + half),
        change=Estimate(change, change - half, change + half), p=p / 4, p_holm=p, resolvable=1.4 * half,
        at_chance_base=base - half <= chance, at_chance_adapted=adapted - half <= chance,
    )  # fmt: skip


BENCHMARKS = (
    _benchmark("xcopa_id", "ind", 500, 0.5, 0.514, 0.522, 1.0),
    _benchmark("belebele_ind_Latn", "ind", 900, 0.25, 0.262, 0.331, 0.004, n_clusters=488, n_contaminated=12,
               clean_n=888, clean_base=0.259, clean_adapted=0.327),
    _benchmark("arc_challenge", "eng", 1172, 0.25, 0.342, 0.288, 0.001, shots=25, metric="acc_norm"),
    _benchmark("kobest", "kor", 1000, 0.45, 0.5, 0.505, 1.0, n_contaminated=None),
    _benchmark("kobest", "kor", 500, 0.5, 0.51, 0.52, 1.0, task="kobest_copa"),
    _benchmark("kobest", "kor", 500, 0.4, 0.49, 0.49, 1.0, task="kobest_wic"),
)  # fmt: skip
