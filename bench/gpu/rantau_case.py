"""One case through rantau's own train stage, as `rantau run` would call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.gpu.cases import Case
from bench.gpu.material import PHASE


def recipe_of(case: Case, model: Path) -> Any:
    """A recipe whose phase is the case; sources and evaluation are never reached."""
    from rantau.recipe import Recipe

    return Recipe.model_validate(
        {
            "name": "bench-gpu",
            "language": {"target": "ind"},
            "model": {"base": str(model), "dtype": case.dtype, "quantisation": case.quantisation},
            "sources": [{"name": "none", "path": "none.jsonl", "language": "ind", "license": "CC0-1.0"}],
            "adapter": {"rank": case.rank},
            "phases": [
                {
                    "name": PHASE,
                    "kind": "cpt",
                    "mixture": {"none": 1.0},
                    "max_tokens": case.seq,
                    "batch_size": case.rows,
                    "gradient_checkpointing": case.recompute,
                    "schedule": "constant",
                    "warmup_share": 0,
                    "checkpoint_steps": 1_000_000,
                }
            ],
            "evaluation": {"texts": [{"name": "none", "source": "none"}]},
        }
    )


def train(case: Case, model: Path, formatted: Path, out: Path, device: str) -> dict[str, Any]:
    """Runs the stage. Returns its speed.json."""
    from rantau.files import read_json
    from rantau.machine import detect
    from rantau.pipeline import stages_of
    from rantau.run.progress import Progress
    from rantau.run.stage import Context, Declared

    recipe = recipe_of(case, model)
    stage = next(s for s in stages_of(recipe) if s.name == f"train-{PHASE}")
    machine = detect(device, micro_batch=case.micro_batch)  # type: ignore[arg-type]
    out.mkdir(parents=True, exist_ok=True)
    context = Context(Declared(recipe, stage.slices), out, {"format": formatted}, out, machine, Progress())
    stage.run(context)
    found: dict[str, Any] = read_json(out / "speed.json")
    return found
