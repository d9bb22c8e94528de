"""One training phase without a runner: a recipe, token rows and a context made by hand.

As a program it trains one phase until it is killed, and never to its end:
python -m tests.stages.training.harness BASE FORMAT OUT [plain | everything] [FOLDER OF THE FIRST PHASE]
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Recipe, check_recipe
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared, Stage
from rantau.stages.training import observer
from rantau.stages.training.stage import TrainSummary, train_stage

VOCABULARY = 300
STAGE_STEPS = 30
HELD_STEP = 13
"""Of a run that is to be stopped, counted from where it began: one or two checkpoints lie before it."""


def recipe(base: Path | str, *, adapter: dict[str, Any] | None = None, **phase: Any) -> Recipe:
    """One phase "cpt", and "sft" after it, both with the same values; 8 rows a step."""
    shared = {"mixture": {"a": 1.0}, "batch_size": 8, "learning_rate": 2e-3, "checkpoint_steps": 5, **phase}
    data = {
        "name": "tiny", "language": {"target": "ind"}, "model": {"base": str(base)}, "seed": 7,
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "adapter": {"rank": 4, "dropout": 0.1, **(adapter or {})},
        "phases": [{"name": "cpt", "kind": "cpt", **shared}, {"name": "sft", "kind": "sft", **shared}],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]},
    }  # fmt: skip
    return check_recipe(data, where="tiny.yaml")


def write_rows(folder: Path, *, n: int = 40, phase: str = "cpt", learnt: bool = True, seed: int = 3) -> Path:
    """Rows of 3 to 24 tokens as the format stage writes them; the first two tokens are a prompt."""
    import pyarrow as pa

    draw = random.Random(seed)
    rows = []
    for number in range(n):
        length = draw.randint(3, 24)
        ids = [draw.randrange(4, VOCABULARY) for _ in range(length)]
        flags = [learnt and place >= 2 for place in range(length)]
        rows.append({"id": f"a:{number}", "source": "a", "ids": ids, "learnt": flags})
    types = [("id", pa.string()), ("source", pa.string()), ("ids", pa.list_(pa.int32())), ("learnt", pa.list_(pa.bool_()))]  # fmt: skip  # noqa: E501
    files.write_parquet(folder / f"{phase}.parquet", rows, pa.schema(types))
    return folder


def context(asked: Recipe, stage: Stage, inputs: dict[str, Path], out: Path, **machine: Any) -> Context:
    out.mkdir(parents=True, exist_ok=True)
    declared = Declared(asked, stage.slices)
    return Context(declared, Path(), inputs, out, Machine(**machine), Progress(quiet=True))


def train_cpt(asked: Recipe, rows: Path, out: Path, **machine: Any) -> TrainSummary:
    stage = train_stage(asked.phases[0], None)
    summary: TrainSummary = stage.run(context(asked, stage, {"format": rows}, out, **machine))
    return summary


def train_sft(asked: Recipe, rows: Path, first: Path, out: Path, **machine: Any) -> TrainSummary:
    """The second phase, on the adapter in `first`."""
    stage = train_stage(asked.phases[1], "train-cpt")
    inputs = {"format": rows, "train-cpt": first}
    summary: TrainSummary = stage.run(context(asked, stage, inputs, out, **machine))
    return summary


def everything(base: Path | str, **phase: Any) -> Recipe:
    """A moving average, early stopping that never ends, an 8-bit optimiser (rank 128: smaller matrices would stay
    at 32 bits), recomputed activations, decay, and LoRA+."""
    asked = {
        "epochs": STAGE_STEPS / 4, "optimiser": "adamw_8bit", "ema": 0.8, "gradient_checkpointing": True,
        "schedule": "wsd", "floor_share": 0.1, "weight_decay": 0.01, "previous_adapter": "continue",
        "early_stopping": {"share": 0.2, "every_steps": 4, "patience": 1000},
    }  # fmt: skip
    return recipe(base, adapter={"rank": 128, "loraplus_ratio": 4.0}, **{**asked, **phase})


def lasting(out: Path, stage: Stage) -> dict[str, str]:
    """Hash of every file that counts: not the checkpoints, not what holds seconds."""
    aside = {*stage.volatile, *stage.scratch}
    found = ((p.relative_to(out), p) for p in files.files_below(out))
    return {str(name): files.sha256_file(p) for name, p in found if name.parts[0] not in aside}


def held(until_stopped: Callable[[], object], *, step_s: float = 0.0) -> Callable[[str], float]:
    """Stands for the measured memory. A step lasts step_s longer, and one waits until somebody stops the run: it
    cannot end before."""
    steps = count(1)

    def peak_gib(device: str) -> float:
        time.sleep(step_s)
        if next(steps) == HELD_STEP:
            until_stopped()
        return 0.0

    return peak_gib


if __name__ == "__main__":
    base, rows, out, *rest = sys.argv[1:]
    observer.peak_gib = held(signal.pause, step_s=0.03)
    asked = everything(base) if rest[:1] == ["everything"] else recipe(base, epochs=STAGE_STEPS / 5)
    if rest[1:]:
        train_sft(asked, Path(rows), Path(rest[1]), Path(out))
    else:
        train_cpt(asked, Path(rows), Path(out))
