"""Sources and contexts for the tests of gathering."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rantau.machine import Machine
from rantau.recipe import Recipe, Source, check_recipe
from rantau.records import Document, Dropped
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.sources.documents import read_documents
from rantau.stages.sources.stage import GATHER, Gathered

SHARED = Path(__file__).parents[4] / "shared" / "data"


def source(path: str, **changes: Any) -> Source:
    data = {"name": "puisi", "path": path, "language": "ind", "license": "CC0-1.0", **changes}
    return Source.model_validate(data)


def read(folder: Path, path: str, **changes: Any) -> tuple[list[Document], list[Dropped]]:
    found = list(read_documents(source(path, **changes), folder))
    return [f for f in found if isinstance(f, Document)], [f for f in found if isinstance(f, Dropped)]


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def recipe(*sources: Mapping[str, Any], **changes: Any) -> Recipe:
    full = [{"language": "ind", "license": "CC0-1.0", **s} for s in sources]
    first = full[0]["name"]
    data = {
        "name": "toy", "language": {"target": "ind"}, "model": {"base": "none"}, "sources": full,
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {first: 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": first}]}, **changes,
    }  # fmt: skip
    return check_recipe(data, where="toy.yaml")


def gather(asked: Recipe, folder: Path, out: Path, *, workers: int = 1) -> Gathered:
    out.mkdir(parents=True, exist_ok=True)
    quiet, machine = Progress(quiet=True), Machine(workers=workers)
    result = GATHER.run(Context(Declared(asked, GATHER.slices), folder, {}, out, machine, quiet))
    for name in GATHER.scratch:  # as the runner does
        shutil.rmtree(out / name)
    assert isinstance(result, Gathered)
    return result
