"""lm-evaluation-harness, called as a library: its tasks, prompts and scores, our model."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.errors import DataError, RecipeError
from rantau.stages.evaluation.benchmarks.catalogue import Benchmark
from rantau.stages.evaluation.benchmarks.definitions import (
    at_revision,
    harness_folder,
    of_files,
    write_definition,
)
from rantau.stages.evaluation.benchmarks.local import LocalTask

if TYPE_CHECKING:
    from lm_eval.api.model import LM
    from lm_eval.api.task import Task

EXAMPLES_SEED = 1234
"""The harness's own default: examples are drawn with it."""

FIRST_METRICS = ("acc_norm", "acc", "exact_match")
"""Of a task that the catalogue does not have, the first one that it tells counts."""

OFFLINE = ("HF_DATASETS_OFFLINE", "HF_HUB_OFFLINE", "HF_EVALUATE_OFFLINE")


@dataclass(frozen=True, slots=True)
class Asked:
    """A task ready to be asked. version: the harness's, raised when its prompts change."""

    name: str
    benchmark: Benchmark
    task: Task
    shots: int
    version: str

    @property
    def split(self) -> str:
        """The part whose questions are asked."""
        config = self.task.config
        return str(config.test_split or config.validation_split)

    @property
    def n_documents(self) -> int:
        return len(self.task.eval_docs)


@contextmanager
def harness(*, offline: bool) -> Iterator[None]:
    """The harness without its log lines, bars and warnings; offline also without a look at the hub.

    Raises   MachineError if it is not installed
    """
    harness_folder()
    before = {name: os.environ.get(name) for name in OFFLINE}
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    os.environ |= dict.fromkeys(OFFLINE, "1") if offline else {}
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def load_task(
    name: str, benchmark: Benchmark, *, shots: int | None, local: LocalTask | None, folder: Path, scratch: Path,
    revision: str | None = None,
) -> Asked:  # fmt: skip
    """One task of the harness; with `local` its data come from those files, else from the hub at a commit.

    shots     None = as the task defines it, or no examples
    folder    of the local files; scratch: where definitions and the harness's own copies go
    revision  commit of the data set; None = what its definition says
    Raises   RecipeError if there is no such task; DataError if its data cannot be read as it reads them
    """
    from lm_eval.tasks import TaskManager

    data = of_files(local, folder, scratch) if local else at_revision(name, benchmark, revision)
    written = write_definition(scratch, name, benchmark, data)
    try:
        task = TaskManager(include_defaults=False).load([str(written)])["tasks"][name]
    except (KeyError, ValueError, FileNotFoundError, OSError, ConnectionError) as error:
        what = f"the harness cannot read its data ({type(error).__name__}: {str(error)[:300]})"
        raise DataError(f"evaluation.benchmarks: {name}: {what}.") from error
    if not benchmark.metric:
        benchmark = replace(benchmark, metric=_first_metric(name, task))
    fixed = task.get_config("num_fewshot")
    wanted = fixed if shots is None else shots
    n_shots = int(wanted or 0) if fixed != 0 else 0  # a task that fixes 0 has its examples in its text
    task.set_config(key="num_fewshot", value=n_shots)
    task.set_fewshot_seed(seed=EXAMPLES_SEED)
    return Asked(name, benchmark, task, n_shots, str(task.VERSION))


def _first_metric(name: str, task: Task) -> str:
    told = list(task._metric_fn_list)
    for metric in FIRST_METRICS:
        if metric in told:
            return metric
    raise RecipeError(
        f"evaluation.benchmarks: {name} tells {', '.join(told)}; a share of right answers is needed."
    )


def language_model(model: Any, tokenizer: Any, *, batch_size: int) -> LM:
    """Our model in the harness's coat; the model stays where and as it is."""
    from lm_eval.models.huggingface import HFLM

    made: LM = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)
    return made


def ask(lm: LM, asked: Asked, *, max_items: int | None, ledger: Path, tell: Callable[[], None]) -> list[Any]:
    """Asks one task; returns the harness's record of each question, one for each of its filters.

    ledger   file that keeps every answer as it comes: a run that was killed asks only for the rest
    tell     called after each answer of the model
    """
    from lm_eval.api.model import CachingLM
    from lm_eval.evaluator import evaluate

    cached = CachingLM(lm, str(ledger))
    lm.set_cache_hook(_Telling(cached.get_cache_hook(), tell))
    with closing(cached.dbdict):
        found = evaluate(
            cached, {"tasks": {asked.name: asked.task}, "groups": {}}, limit=max_items, bootstrap_iters=0
        )
        cached.dbdict.commit()
    return list(found["samples"][asked.name])


class _Telling:
    """The harness's hook for finished answers, which also tells."""

    def __init__(self, hook: Any, tell: Callable[[], None]) -> None:
        self._hook, self._tell = hook, tell

    def add_partial(self, attr: str, req: Sequence[Any], res: Any) -> None:
        self._hook.add_partial(attr, req, res)
        self._tell()
