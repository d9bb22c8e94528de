"""What each arm is: the fields in which arms differ, and how its trainings went. The paper's Table 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rantau import files
from rantau.recipe import Recipe
from rantau.run.manifest import Manifest
from rantau.study.design import Study
from rantau.study.running import Done
from rantau.study.trials import OWN, Trial, differences_from

LAST_SHARE = 0.1  # of the steps: the loss of one batch alone is noise


@dataclass(frozen=True, slots=True)
class ArmSettings:
    """One arm. fields: recipe field -> value, of fields in which arms differ; differences: from the base recipe

    train_loss  nats per learnt token, mean over the last tenth of the steps of the last phase and over trainings
    val_loss    nats per token of the first held-out text, of the adapted model, mean over trainings
    learnt_tokens  of all phases of the first training; trainable: of its last phase
    wall_s      of all stages that this arm's trainings went through, shared ones counted whole
    failed      repetition -> why
    """

    name: str
    note: str
    differences: tuple[str, ...]
    fields: Mapping[str, Any]
    trainings: int
    train_loss: float | None
    val_loss: float | None
    learnt_tokens: int | None
    trainable: int | None
    wall_s: float
    failed: Mapping[int, str]

    def to_row(self) -> dict[str, Any]:
        return asdict(self)


def settings_of(study: Study, base: Recipe, trials: Sequence[Trial], done: Sequence[Done]) -> list[ArmSettings]:
    flat = {t.arm: _flat(t.recipe.model_dump(mode="json", by_alias=True)) for t in trials if t.repeat == 0}
    varied = _varied(list(flat.values()))
    recipes = {t.arm: t.recipe for t in trials if t.repeat == 0}
    found = []
    for arm in study.all_arms():
        mine = [d for d in done if d.trial.arm == arm.name]
        ended = [d for d in mine if d.error is None]
        found.append(
            ArmSettings(
                arm.name, arm.note, tuple(differences_from(base, recipes[arm.name])),
                {field: flat[arm.name].get(field) for field in varied}, len(ended),
                **_trained(ended),
                failed={d.trial.repeat + 1: d.error for d in mine if d.error is not None},
            )
        )  # fmt: skip
    return found


def _varied(arms: Sequence[Mapping[str, Any]]) -> list[str]:
    """Fields in which arms differ, in the order of the recipe."""
    fields = dict.fromkeys(field for arm in arms for field in arm)
    return [f for f in fields if f not in OWN and any(arm.get(f) != arms[0].get(f) for arm in arms)]


def _flat(node: Any, at: str = "") -> dict[str, Any]:
    """field.sub -> value; elements of a list of named parts by their names; sampling steps as one value."""
    if isinstance(node, Mapping):
        return {k: v for key, value in node.items() for k, v in _flat(value, f"{at}.{key}" if at else key).items()}
    named = isinstance(node, list) and node and all(isinstance(e, Mapping) and "name" in e for e in node)
    if named and not at.startswith("curation.sampling"):
        return {k: v for element in node for k, v in _flat(element, f"{at}.{element['name']}").items()}
    return {at: node}


def _trained(done: Sequence[Done]) -> dict[str, Any]:
    """What the trainings of an arm came to."""
    phases = [[d.folders[f"train-{phase.name}"] for phase in d.trial.recipe.phases] for d in done]
    last = [folders[-1] for folders in phases]
    summaries = [files.read_json(folder / "summary.json") for folders in phases[:1] for folder in folders]
    return {
        "train_loss": fmean(map(_last_loss, last)) if last else None,
        "val_loss": fmean(map(_val_loss, done)) if done else None,
        "learnt_tokens": sum(s["learnt_tokens"] for s in summaries) if summaries else None,
        "trainable": summaries[-1]["trainable"] if summaries else None,
        "wall_s": round(sum(_wall_s(f) for f in {p for d in done for p in d.folders.values()}), 1),
    }


def _last_loss(folder: Path) -> float:
    """A training that was continued may have written a step twice: the last counts."""
    losses = list({row["step"]: row["loss"] for row in files.read_jsonl(folder / "loss.jsonl")}.values())
    return fmean(losses[-max(1, round(LAST_SHARE * len(losses))) :])


def _val_loss(done: Done) -> float:
    text = done.trial.recipe.evaluation.texts[0].name
    rows = [r for r in files.read_jsonl(done.folders["answer-adapted"] / "texts.jsonl") if r["text"] == text]
    return float(sum(r["nats"] for r in rows) / sum(r["tokens"] for r in rows))


def _wall_s(folder: Path) -> float:
    return float(Manifest.read(folder).provenance["wall_s"])
