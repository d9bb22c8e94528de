"""study.json of ten arms with the figures that the LoRA+ paper printed, and runs that have its deviations."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

from rantau import files
from rantau.recipe import load_recipe
from rantau.study.design import load_study
from rantau.study.published import load_published

ROOT = Path(__file__).parents[4]
STEPS = (-1.264911, -0.632456, 0.0, 0.632456, 1.264911)  # mean 0, standard deviation 1 (n - 1)
UNITS = {"weighted_f1": "share"}


def study_json(*, repeats: int = 1) -> dict[str, Any]:
    path = ROOT / "studies" / "loraplus-table2.yaml"
    study = load_study(path)
    arms = [arm.name for arm in study.all_arms()]
    cited = load_published(ROOT / "studies" / "published" / "loraplus.yaml", arms)
    figures = [
        _figure(arm, metric, *values, repeats=repeats if arm else 1)
        for arm, found in {"": cited.base, **cited.arms}.items()
        for metric, values in found.items()
    ]
    figures += [_figure(arm, "bits_per_byte", 2.0 + i / 50, repeats=1) for i, arm in enumerate(["", *arms])]
    return {
        "study": study.model_dump(mode="json"),
        "recipe": load_recipe(path.parent / study.base).model_dump(mode="json", by_alias=True),
        "packages": {"rantau": "0.1.0"},
        "arms": [_arm(arm.name, arm.note, i) for i, arm in enumerate(study.all_arms())],
        "figures": figures,
        "differences": [_difference(f, figures, against) for against in ("", "iteration-5") for f in figures
                        if f["arm"] not in ("", against)],
        "chosen": {
            "arm": "iteration-5", "rule": "gain_over_sd", "figures": ["bleu", "rougeL"], "level": [],
            "ranked": [{"arm": a, "mean_rank": 1.0 + i, "values": {"bleu": 1.0, "rougeL": None},
                        "ranks": {"bleu": 1.0 + i, "rougeL": 1.0 + i}} for i, a in enumerate(arms)],
        },
        "published": cited.model_dump(mode="json"),
    }  # fmt: skip


def write_study(folder: Path, content: dict[str, Any] | None = None) -> Path:
    files.write_json(folder / "study.json", content or study_json())
    return folder


def _figure(arm: str, metric: str, mean: float, sd: float = 0.0, *, repeats: int) -> dict[str, Any]:
    bits = metric == "bits_per_byte"
    runs = [[mean + sd * step for step in STEPS] for _ in range(repeats)] if sd else [[mean]] * repeats
    name = "indonesian-answers" if bits else "cendol"
    unit = "bits/byte" if bits else UNITS.get(metric, "points")
    return {
        "arm": arm, "metric": metric, "name": name, "unit": unit, "better": "lower" if bits else "higher",
        "value": fmean(v for r in runs for v in r), "low": 0.9 * mean, "high": 1.1 * mean, "n": 48, "runs": runs,
        "sd_runs": sd or None, "sd_trainings": 0.5 * sd if repeats > 1 else None, "se_items": 0.05 * mean,
        "chance": None if bits else 0.1 * mean, "ceiling": None if bits else 11.5 if metric == "bleu" else 0.9,
        "signature": f"{metric}|as printed", "paired": True,
    }  # fmt: skip


def _arm(name: str, note: str, number: int) -> dict[str, Any]:
    fields = {"curation.sampling": [{"sources": ["cendol"]}], "adapter.rank": 16,
              "adapter.rslora": number % 2 == 0,
              "phases.sft.learning_rate": 2e-4}  # fmt: skip
    return {
        "name": name, "note": note, "differences": ["adapter.rank 16 -> 32"] if number else [], "fields": fields,
        "trainings": 0 if number == 9 else 1, "train_loss": None if number == 9 else 1.5,
        "val_loss": None if number == 9 else 1.7,
        "learnt_tokens": 12_345, "trainable": 22_544_384, "wall_s": 61.0,
        "failed": {"1": "train-sft: memory ran out"} if number == 9 else {},
    }  # fmt: skip


def _difference(figure: dict[str, Any], figures: list[dict[str, Any]], against: str) -> dict[str, Any]:
    other = next(f for f in figures if f["arm"] == against and f["metric"] == figure["metric"])
    bits = figure["metric"] == "bits_per_byte"
    value = figure["value"] / other["value"] - 1 if bits else figure["value"] - other["value"]
    clear, good = abs(value) > 0.2 * other["value"], (value < 0) == bits
    effect = "unclear" if not clear else "better" if good else "worse"
    return {
        "arm": figure["arm"], "against": against, "metric": figure["metric"], "name": figure["name"],
        "unit": "relative" if bits else figure["unit"], "value": value, "low": value - 0.1, "high": value + 0.1,
        "n": 48, "p": 0.0001 if clear else 0.4, "p_holm": 0.001 if clear else 1.0, "trainings": 1,
        "seed_low": None,
        "seed_high": None, "effect": effect, "other_seeds": None, "signature": "by hand",
    }  # fmt: skip
