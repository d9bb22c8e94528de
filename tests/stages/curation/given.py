"""Documents and contexts for the tests of curation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Phase, Recipe, check_recipe
from rantau.records import Dialogue, Document, Message
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.curation.stage import CURATE, Curated


def text(content: str, row: int = 1, source: str = "news", **fields: str) -> Document:
    return Document(f"{source}:{row}", source, "a", row, f"g{row}", "ind", "MIT", content, None, fields)


def talk(question: str, answer: str, row: int = 1, source: str = "chat", **fields: str) -> Document:
    dialogue = Dialogue((Message("user", question), Message("assistant", answer)))
    return Document(f"{source}:{row}", source, "a", row, f"g{row}", "ind", "MIT", "", dialogue, fields)


def phase(**changes: Any) -> Phase:
    return Phase.model_validate({"name": "cpt", "kind": "cpt", "mixture": {"news": 1.0}, **changes})


def recipe(base: Path, sources: Sequence[str], **changes: Any) -> Recipe:
    data = {
        "name": "toy", "language": {"target": "ind"}, "model": {"base": str(base)},
        "sources": [{"name": s, "path": f"{s}.txt", "language": "ind", "license": "MIT"} for s in sources],
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {sources[0]: 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": sources[0]}]}, **changes,
    }  # fmt: skip
    return check_recipe(data, where="toy.yaml")


def curate(
    asked: Recipe,
    folder: Path,
    documents: Mapping[str, Sequence[Document]],
    heldout: Mapping[str, Sequence[Document]] | None = None,
    *,
    out: str = "curate",
) -> Curated:
    for side, all_ in (("documents", documents), ("heldout", heldout or {})):
        for source in asked.sources:
            rows = (d.to_row() for d in all_.get(source.name, ()))
            files.write_parquet(folder / "gather" / side / f"{source.name}.parquet", rows, files.document_schema())
    (folder / out).mkdir(exist_ok=True)
    declared, inputs = Declared(asked, CURATE.slices), {"gather": folder / "gather"}
    context = Context(declared, folder, inputs, folder / out, Machine(), Progress(quiet=True))
    result = CURATE.run(context)
    assert isinstance(result, Curated)
    return result


def drawn(folder: Path, name: str, *, out: str = "curate") -> list[Document]:
    return [Document.from_row(r) for r in files.read_parquet(folder / out / "phases" / f"{name}.parquet")]
