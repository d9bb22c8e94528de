"""lm-evaluation-harness, called as a library: its tasks, prompts and scores, our model."""

from __future__ import annotations

import io
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau.errors import DataError, MachineError, RecipeError
from rantau.stages.evaluation.benchmarks.catalogue import OWN, Benchmark
from rantau.stages.evaluation.benchmarks.local import LocalTask

if TYPE_CHECKING:
    from lm_eval.api.model import LM
    from lm_eval.api.task import Task

EXAMPLES_SEED = 1234
"""The harness's own default: examples are drawn with it."""

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


def harness_folder() -> Path:
    """Where the harness is installed, without importing it.

    Raises   MachineError if it is not
    """
    spec = find_spec("lm_eval")
    if spec is None or not spec.submodule_search_locations:
        raise MachineError(
            'evaluation.benchmarks: lm-evaluation-harness is not installed. Run pip install "rantau[benchmarks]".'
        )
    return Path(next(iter(spec.submodule_search_locations)))


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
    name: str, benchmark: Benchmark, *, shots: int | None, local: LocalTask | None, folder: Path, scratch: Path
) -> Asked:
    """One task of the harness; with `local` its data come from those files.

    shots    None = as the task defines it, or no examples
    folder   of the local files; scratch: where definitions and the harness's own copies go
    Raises   RecipeError if there is no such task; DataError if its data cannot be read as it reads them
    """
    from lm_eval.tasks import TaskManager

    path = definition(name, benchmark)
    written = scratch / "definitions" / f"{name}.yaml"
    _write_yaml(written, _overridden(name, path, benchmark, local, folder, scratch))
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
    """Of a task that the catalogue does not have: the length-normalised accuracy, or the next best."""
    told = list(task._metric_fn_list)
    for metric in ("acc_norm", "acc", "exact_match"):
        if metric in told:
            return metric
    raise RecipeError(
        f"evaluation.benchmarks: {name} tells {', '.join(told)}; a share of right answers is needed."
    )


def definition(name: str, benchmark: Benchmark) -> Path:
    """The YAML file that defines a task.

    Raises   RecipeError if the harness has none of this name; MachineError if it is not installed
    """
    if benchmark.definition:
        return OWN / benchmark.definition
    tasks = harness_folder() / "tasks"
    named = re.compile(rf'^"?task"?:\s*"?{re.escape(name)}"?\s*$'.encode(), re.MULTILINE)
    for path in sorted((tasks / benchmark.folder).rglob("*.yaml")):
        if named.search(path.read_bytes()):
            return path
    raise RecipeError(
        f"evaluation.benchmarks: no benchmark is named {name!r}, nor any one task of the harness. "
        "See `rantau data benchmarks`; of a group of the harness name its tasks."
    )


def _overridden(
    name: str, path: Path, benchmark: Benchmark, local: LocalTask | None, folder: Path, scratch: Path
) -> dict[str, Any]:
    config: dict[str, Any] = {"include": str(path), "task": name, "tag": [], **benchmark.overrides}
    if local is None:
        return config
    where = {split: str(folder / file) for split, file in local.files.items()}
    config |= {
        "dataset_path": "parquet",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": where, "cache_dir": str(scratch / "copies")},
    }
    absent = {"training_split": "train", "validation_split": "validation"}
    return config | {key: None for key, split in absent.items() if split not in where}


def _write_yaml(path: Path, config: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(dict(config), handle)


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
