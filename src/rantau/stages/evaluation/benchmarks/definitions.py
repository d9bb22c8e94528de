"""Definitions of the harness's tasks: YAML files, found without importing it, and told where the data lie."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import MachineError, RecipeError
from rantau.stages.evaluation.benchmarks.catalogue import OWN, Benchmark
from rantau.stages.evaluation.benchmarks.local import LocalTask


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


def read_definition(path: Path) -> dict[str, Any]:
    """A task's definition with what it includes, its own lines first; functions that it names stay names."""
    from ruamel.yaml import YAML

    values = dict(YAML(typ="rt", pure=True).load(files.read_text(path)))
    included = values.pop("include", [])
    told: dict[str, Any] = json.loads(json.dumps(values, default=str))
    for other in [included] if isinstance(included, str) else included:
        told = read_definition(path.parent / other) | told
    return told


def of_files(local: LocalTask, folder: Path, scratch: Path) -> dict[str, Any]:
    """What a definition says besides to read these files, which lie in `folder`."""
    where = {split: str(folder / file) for split, file in local.files.items()}
    absent = {"training_split": "train", "validation_split": "validation"}
    return {
        "dataset_path": "parquet",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": where, "cache_dir": str(scratch / "copies")},
        **{key: None for key, split in absent.items() if split not in where},
    }


def at_revision(name: str, benchmark: Benchmark, revision: str | None) -> dict[str, Any]:
    """What a definition says besides to read its data set at that commit; nothing without one."""
    if revision is None:
        return {}
    told = read_definition(definition(name, benchmark)).get("dataset_kwargs") or {}
    return {"dataset_kwargs": {**told, "revision": revision}}


def write_definition(folder: Path, name: str, benchmark: Benchmark, data: Mapping[str, Any]) -> Path:
    """Writes definitions/<name>.yaml: the harness's own, what the benchmark changes, and where its data lie."""
    from ruamel.yaml import YAML

    path = folder / "definitions" / f"{name}.yaml"
    own = {"include": str(definition(name, benchmark)), "task": name, "tag": [], **benchmark.overrides}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump({**own, **data}, handle)
    return path
