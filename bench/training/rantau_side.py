"""rantau: the stages of `rantau run` up to the trained adapter, in one process, as the command runs them."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from bench.training import outcome

PACKAGES = ("transformers", "peft", "torch")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    train(asked.rows / "recipe.yaml", asked.out).write(asked.out)


def train(recipe_path: Path, out: Path, *, device: str = "cpu") -> outcome.Outcome:
    """Runs with an empty store in `out`; the adapter is left in out/adapter."""
    from rantau.machine import detect
    from rantau.pipeline import stages_of
    from rantau.recipe import load_recipe
    from rantau.run.progress import Progress
    from rantau.run.runner import run
    from rantau.run.store import Store

    recipe = load_recipe(recipe_path, ())
    stages = stages_of(recipe)
    last = next(n for n, stage in enumerate(stages) if stage.name == f"train-{recipe.phases[-1].name}")
    store, machine, progress = Store(out / "store"), detect(device), Progress()  # type: ignore[arg-type]
    folder = recipe_path.resolve().parent
    data = run(stages[:last], recipe, folder, store, machine, progress)
    counted = outcome.watch_trainer(PACKAGES)  # not before: the data stages start processes without torch
    built = run(stages[: last + 1], recipe, folder, store, machine, progress)[-1]
    fill(counted, built.folder)
    counted.other_s = {"data stages": sum(o.wall_s for o in data), "train stage": built.wall_s}
    shutil.copytree(built.folder / "adapter", out / outcome.ADAPTER)
    return counted


def fill(counted: outcome.Outcome, folder: Path) -> None:
    """What the stage itself has counted; its trainer takes no step of transformers' own."""
    told: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    counted.tokens, counted.learnt = told["tokens"], told["learnt_tokens"]
    counted.positions = round(told["tokens"] / (1 - told["pad_share"]))
    assert counted.parameters == told["trainable"] and counted.steps == told["steps"]


if __name__ == "__main__":
    main()
