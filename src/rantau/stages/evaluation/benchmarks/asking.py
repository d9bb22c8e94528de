"""Asks one system the benchmarks of the recipe, task by task; a finished task is a file and is not asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import RecipeError
from rantau.recipe import BenchmarkTask
from rantau.run.stage import Context
from rantau.stages.evaluation.benchmarks.catalogue import Benchmark, named
from rantau.stages.evaluation.benchmarks.harness import Asked, ask, harness, language_model, load_task
from rantau.stages.evaluation.benchmarks.local import (
    LocalTask,
    check_unchanged,
    data_folder,
    read_index,
    task_of,
)
from rantau.stages.evaluation.benchmarks.questions import Question, question_of

if TYPE_CHECKING:
    from lm_eval.api.model import LM

TASKS, SCRATCH = "tasks", "harness"
GPU_BATCH = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """One task that the recipe asks for; shots: None = as the task defines it.

    local     its files; None = from the hub, as they are at the commit `revision`
    """

    name: str
    benchmark: Benchmark
    shots: int | None
    max_items: int | None
    local: LocalTask | None
    revision: str | None = None

    @property
    def file(self) -> str:
        return f"{TASKS}/{self.benchmark.name}/{self.name}.json"


def wanted_tasks(asked: Sequence[BenchmarkTask], benchmark_data: str | None, folder: Path) -> list[Wanted]:
    """Every task of every benchmark, in the order of the recipe.

    folder   of the recipe
    Raises   RecipeError if a benchmark is named twice or the folder lacks its data; SourceError for a wrong folder
    """
    names = [a.name for a in asked]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise RecipeError(f"evaluation.benchmarks: {twice[0]} is named twice.")
    where = data_folder(benchmark_data, folder) if benchmark_data else None
    index = read_index(where) if where else {}
    return [
        Wanted(task, benchmark, a.shots if a.shots is not None else benchmark.shots, a.max_items,
               task_of(index, task, where) if where else None, a.revision)
        for a in asked
        for benchmark in (named(a.name),)
        for task in benchmark.tasks
    ]  # fmt: skip


class System:
    """One model in the harness's coat, loaded when the first question needs it."""

    def __init__(self, context: Context, adapter: Path | None, words: Path | None) -> None:
        self._context, self._adapter, self._words = context, adapter, words

    @cached_property
    def lm(self) -> LM:
        from rantau.model.adapters import load_adapter
        from rantau.model.load import load_base
        from rantau.model.tokenizer import load_tokenizer
        from rantau.model.vocabulary import extend_model

        context = self._context
        tokenizer = load_tokenizer(context.recipe.model, context.progress, vocabulary=self._words)
        model = load_base(context.recipe.model, context.machine, context.progress)
        if self._words:
            extend_model(model, self._words)
        speaking = load_adapter(model, self._adapter, trainable=False).eval() if self._adapter else model
        with harness(offline=True):
            return language_model(speaking, tokenizer, batch_size=_batch_size(context))


def _batch_size(context: Context) -> int:
    """On a CPU one question at a time: nothing is padded, and no company changes a rounding."""
    return context.machine.micro_batch or (1 if context.machine.device == "cpu" else GPU_BATCH)


def ask_tasks(context: Context, wanted: Sequence[Wanted], system: System) -> Iterator[tuple[Wanted, int]]:
    """Asks what is missing and writes tasks/<benchmark>/<task>.json; yields each task with its questions' number.

    All data are read before the model is loaded: a task that cannot be asked is told at once.
    """
    missing = [w for w in wanted if not (context.out / w.file).is_file()]
    loaded = {w.file: load_wanted(context, w) for w in missing}
    for task in wanted:
        if task.file in loaded:
            _ask(context, task, loaded[task.file], system)
        yield task, len(files.read_json(context.out / task.file)["questions"])


def load_wanted(context: Context, task: Wanted) -> Asked:
    benchmark_data: str | None = context.recipe.part("evaluation.benchmark_data")
    folder = data_folder(benchmark_data, context.folder) if benchmark_data else context.folder
    if task.local:
        check_unchanged(task.local, folder)
    with harness(offline=task.local is not None):
        return load_task(
            task.name, task.benchmark, shots=task.shots, local=task.local, folder=folder,
            scratch=context.out / SCRATCH, revision=task.revision,
        )  # fmt: skip


def _ask(context: Context, task: Wanted, asked: Asked, system: System) -> None:
    lm = system.lm
    ledger = context.out / SCRATCH / f"{task.benchmark.name}-{task.name}.db"
    n = min(asked.n_documents, task.max_items or asked.n_documents)
    with context.progress.bar(f"{task.name}, answers", n * _answers_each(asked)) as bar, harness(offline=True):
        samples = ask(lm, asked, max_items=task.max_items, ledger=ledger, tell=bar.advance)
    benchmark = asked.benchmark
    questions = [question_of(sample, benchmark) for sample in of_one_filter(samples, benchmark.filter)]
    path = context.out / task.file
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, {"facts": _facts(task, asked), "questions": [asdict(q) for q in questions]})


def of_one_filter(samples: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """Each question once: as that filter read its answer, or the first one that the task has."""
    filters = list(dict.fromkeys(s["filter"] for s in samples))
    kept = name if name in filters else filters[0]
    return [s for s in samples if s["filter"] == kept]


def _answers_each(asked: Asked) -> int:
    """Answers of the model to one question: one for each choice, as the first question has them."""
    first = asked.task.eval_docs[0]
    if asked.task.OUTPUT_TYPE != "multiple_choice":
        return 1
    return max(len(asked.task.doc_to_choice(first)), 1)


def _facts(task: Wanted, asked: Asked) -> dict[str, Any]:
    return {
        "task": task.name,
        "benchmark": task.benchmark.name,
        "language": task.benchmark.language_of(task.name),
        "shots": asked.shots,
        "metric": asked.benchmark.metric,
        "version": asked.version,
        "harness": harness_version(),
        "split": asked.split,
        "data": task.local.digest if task.local else None,
        "notes": list(task.local.notes) if task.local else [],
        "of": asked.n_documents,
    }


def harness_version() -> str:
    """ "none" where it is not installed."""
    try:
        return metadata.version("lm_eval")
    except metadata.PackageNotFoundError:
        return "none"


@dataclass(frozen=True, slots=True)
class Told:
    """One finished task of one system."""

    facts: Mapping[str, Any]
    questions: Sequence[Question]


def read_told(folder: Path, task: Wanted) -> Told:
    row = files.read_json(folder / task.file)
    return Told(row["facts"], [Question(**q) for q in row["questions"]])
