"""Our run and the harness's own: the same prompts, the same answers, question by question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.stages.evaluation.benchmarks.asking import SCRATCH
from rantau.stages.evaluation.benchmarks.harness import harness
from rantau.stages.evaluation.benchmarks.stage import BENCHMARKS, benchmark_stage
from tests.stages.evaluation.benchmarks.material import context, make_data, recipe
from tests.stages.evaluation.test_with_a_model import adapter

pytest.importorskip("lm_eval")
pytestmark = pytest.mark.timeout(600)

ASKED = [
    {"name": "xcopa_id"},
    {"name": "belebele_id"},
    {"name": "kobest_boolq"},
    {"name": "arc", "shots": 3, "max_items": 7},
    {"name": "gsm8k", "shots": 1, "max_items": 2},
    {"name": "nusax_senti_ind"},
]
TASKS = {
    "xcopa_id": ("xcopa_id", "acc", 0, 12),
    "belebele_id": ("belebele_ind_Latn", "acc", 0, 12),
    "kobest_boolq": ("kobest_boolq", "acc", 5, 12),
    "arc": ("arc_challenge", "acc_norm", 3, 7),
    "gsm8k": ("gsm8k", "exact_match", 1, 2),
    "nusax_senti_ind": ("nusax_senti_ind", "acc", 0, 12),
}


@pytest.fixture(scope="module")
def ran(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Folder of the recipe with the outputs of both systems, and the folder of the adapter."""
    folder = tmp_path_factory.mktemp("benchmarks")
    make_data(folder)
    asked = recipe(tiny_base, ASKED)
    trained = adapter(folder / "train", tiny_base)
    for system, source in (("base", None), ("adapted", "train-sft")):
        stage = benchmark_stage(system, adapter_from=source)  # type: ignore[arg-type]
        stage.run(context(stage, asked, folder / system, folder, train_sft=trained))
    yield folder, trained


def directly(folder: Path, task: str, shots: int, limit: int, base: Path, peft: Path | None) -> list[Any]:
    """The harness's own loader and run over the definition that our run wrote."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    arguments = {"pretrained": str(base), "dtype": "float32"} | ({"peft": str(peft)} if peft else {})
    definition = folder / "base" / SCRATCH / "definitions" / f"{task}.yaml"
    with harness(offline=True):
        found = simple_evaluate(
            model="hf", model_args=arguments, tasks=[str(definition)], num_fewshot=shots, limit=limit,
            task_manager=TaskManager(include_defaults=False), batch_size=1, device="cpu", bootstrap_iters=0,
        )  # fmt: skip
    assert found is not None
    return list(found["samples"][task])


@pytest.mark.parametrize("system", ["base", "adapted"])
@pytest.mark.parametrize("benchmark", TASKS)
def test_no_question_differs(benchmark: str, system: str, ran: tuple[Path, Path], tiny_base: Path) -> None:
    folder, trained = ran
    task, metric, shots, limit = TASKS[benchmark]
    ours = files.read_json(folder / system / "tasks" / benchmark / f"{task}.json")
    peft = trained / "adapter" if system == "adapted" else None
    theirs = directly(folder, task, shots, limit, tiny_base, peft)
    theirs = [s for s in theirs if s["filter"] in ("none", "strict-match")]
    assert [q["prompt"][:64] for q in ours["questions"]] == [s["prompt_hash"] for s in theirs]
    assert [q["value"] for q in ours["questions"]] == [float(s[metric]) for s in theirs]
    assert len(theirs) == limit


def test_both_systems_are_compared(ran: tuple[Path, Path], tiny_base: Path) -> None:
    folder, _ = ran
    clean = folder / "clean"
    files.write_json(clean / "contamination.json", {"benchmarks": []})
    ctx = context(
        BENCHMARKS, recipe(tiny_base, ASKED), folder / "out", folder,
        clean=clean, benchmark_base=folder / "base", benchmark_adapted=folder / "adapted",
    )  # fmt: skip
    summary = BENCHMARKS.run(ctx)
    rows = {row["task"]: row for row in files.read_json(ctx.out / "benchmarks.json")}
    assert summary.n_results == len(rows) == 6
    assert (rows["belebele_ind_Latn"]["n"], rows["belebele_ind_Latn"]["n_clusters"]) == (12, 4)
    assert rows["gsm8k"]["chance"] is None and rows["gsm8k"]["at_chance_base"] is None
    assert rows["arc_challenge"]["chance"] == pytest.approx((4 / 3 + 3 / 4) / 7)
    assert "first 7 of 12" in rows["arc_challenge"]["signature"]
    assert rows["nusax_senti_ind"]["metric"] == "macro_f1"
    assert all(row["n_contaminated"] is None and row["clean_n"] is None for row in rows.values())
