"""Answers, scores and bits of single documents, made by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rantau import files

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
    rows = []
    for text, (n, bits, change) in TEXTS.items():
        half = 0.012 if n > 60 else 0.006
        for system, value, wide in (("base", bits, 0.04), ("adapted", bits * (1 + change), 0.035)):
            interval = (value, value - wide, value + wide)
            rows.append(_row("bits_per_byte", text, "bits/byte", "lower", system, interval, n))
        interval = (change, change - half, change + half)
        rows.append(_row("bits_per_byte", text, "relative", "lower", "change", interval, n))
        for system, value in (("base", 44.81), ("adapted", 18.02)):
            interval = (value, value - 2.1, value + 2.4)
            rows.append(_row("perplexity", text, "perplexity", "lower", system, interval, n))
    if prompts:
        rows += _answer_rows()
        files.write_jsonl(folder / "samples.jsonl", _samples(draw))
    files.write_json(folder / "scores.json", rows)


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
