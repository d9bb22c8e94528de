"""Benchmarks in a whole run, as a user asks for them: words of its own, leaked questions, the exported model."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from tests.flow.small import rantau, write_project
from tests.stages.evaluation.benchmarks.material import sentiment_rows, write_task

pytest.importorskip("lm_eval")
pytestmark = pytest.mark.timeout(900)

LEAKED = (1, 4)
ASKED = """\
vocabulary: {extend: 60, rate_share: 0.5}
adapter: {rank: 4, loraplus_ratio: 4}
phases: [{name: read, kind: cpt, mixture: {news: 0.8, english: 0.2}, max_tokens: 128}]
evaluation:
  texts: [{name: news, source: news, max_documents: 12}]
  in_context: null
  benchmark_data: benchmarks
  benchmarks: [{name: xcopa_id, max_items: 10}, {name: nusax_senti_ind}]
  resamples: 200
export: {merged: true}
"""
CONTAMINATION = """\
curation:
  contamination:
    benchmarks: [{name: xcopa, path: benchmarks/xcopa_id/test.parquet, columns: [premise, choice1, choice2]}]
    on_hit: mark
"""


def unlike_rows(n: int) -> list[dict[str, Any]]:
    """XCOPA questions that share no word, so that a leak of one is no leak of another."""
    draw = random.Random(5)

    def said() -> str:
        return " ".join("".join(draw.choices("bdgklmnprst", k=1)[0] + draw.choice("aiueo") for _ in range(4))
                        for _ in range(8)).capitalize() + "."  # fmt: skip

    texts = ("premise", "choice1", "choice2")
    return [{t: said() for t in texts} | {"question": "cause", "label": i % 2} for i in range(n)]


@pytest.fixture(scope="module")
def project(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    path = write_project(folder, tiny_base)
    head, _, rest = path.read_text().partition("curation:\n")
    curation = rest.partition("adapter:")[0]
    path.write_text(head + CONTAMINATION + curation + ASKED)
    rows = unlike_rows(12)
    write_task(folder / "raw", "xcopa_id", "test", rows)
    write_task(folder / "raw", "nusax_senti_ind", "test", sentiment_rows(9))
    leaks = (f"{rows[n]['premise']} {rows[n]['choice1']} {rows[n]['choice2']}" for n in LEAKED)
    with (folder / "news.txt").open("a") as handle:
        handle.write("".join(f"\n\n{leak}" for leak in leaks))
    made = rantau("data", "import-benchmarks", "raw", "--to", "benchmarks", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def ran(project: Path) -> Path:
    done = rantau("run", "small.yaml", cwd=project)
    assert done.returncode == 0, done.stderr
    return project


def results(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["task"]: row for row in files.read_json(folder / "runs/small/stages/benchmarks/benchmarks.json")}


def trained_on(folder: Path) -> set[int]:
    """The leaked questions whose text was not drawn into the held-out part: nobody learns from that."""
    held_out = files.read_parquet(folder / "runs/small/stages/gather/heldout/news.parquet")
    texts = " ".join(row["text"] for row in held_out)
    rows = {n: row["premise"] for n, row in enumerate(files.read_jsonl(folder / "raw/xcopa_id/test.jsonl"))}
    return {n for n in LEAKED if rows[n] not in texts}


def test_leaked_questions_are_marked(ran: Path) -> None:
    xcopa, leaked = results(ran)["xcopa_id"], trained_on(ran)
    assert leaked
    assert (xcopa["n"], xcopa["n_contaminated"], xcopa["clean_n"]) == (10, len(leaked), 10 - len(leaked))
    assert results(ran)["nusax_senti_ind"]["n_contaminated"] is None  # nobody looked
    questions = files.read_json(ran / "runs/small/stages/benchmark-base/tasks/xcopa_id/xcopa_id.json")["questions"]
    kept = [q["value"] for q in questions if q["row"] not in leaked]
    assert xcopa["clean_base"] == pytest.approx(sum(kept) / len(kept))


def test_what_is_measured_is_what_is_exported(ran: Path) -> None:
    """The merged model, opened by the harness's own loader, answers as base, adapter and words together did."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager
    from ruamel.yaml import YAML

    from rantau.machine import Machine
    from rantau.recipe import check_recipe
    from rantau.run.progress import Progress
    from rantau.run.stage import Context, Declared
    from rantau.stages.evaluation.benchmarks.asking import SCRATCH, load_wanted, wanted_tasks
    from rantau.stages.evaluation.benchmarks.harness import harness
    from rantau.stages.evaluation.benchmarks.stage import benchmark_stage

    recipe = check_recipe(YAML(typ="safe").load(ran / "small.yaml"), where="small.yaml")
    slices = benchmark_stage("base", adapter_from=None).slices
    context = Context(Declared(recipe, slices), ran, {}, ran / "again", Machine(), Progress(quiet=True))
    (task, _) = wanted_tasks(recipe.evaluation.benchmarks, recipe.evaluation.benchmark_data, ran)
    load_wanted(context, task)
    (merged,) = (p.parent for p in (ran / "runs/small/stages/export").rglob("config.json"))
    with harness(offline=True):
        found = simple_evaluate(
            model="hf", model_args={"pretrained": str(merged), "dtype": "float32"}, batch_size=1, device="cpu",
            tasks=[str(ran / "again" / SCRATCH / "definitions" / "xcopa_id.yaml")], limit=10, bootstrap_iters=0,
            task_manager=TaskManager(include_defaults=False),
        )  # fmt: skip
    assert found is not None
    ours = files.read_json(ran / "runs/small/stages/benchmark-adapted/tasks/xcopa_id/xcopa_id.json")["questions"]
    assert [q["value"] for q in ours] == [s["acc"] for s in found["samples"]["xcopa_id"]]


def test_show_and_a_second_run(ran: Path) -> None:
    shown = rantau("show", cwd=ran)
    assert "xcopa_id, acc" in shown.stdout and f"{len(trained_on(ran))} contaminated" in shown.stdout
    again = rantau("run", "small.yaml", "--json", cwd=ran)
    assert {o["status"] for o in json.loads(again.stdout)} == {"kept"}


def test_the_report_has_them(ran: Path) -> None:
    page = (ran / "runs/small/stages/report/report.html").read_text(encoding="utf-8")
    assert "xcopa_id" in page
