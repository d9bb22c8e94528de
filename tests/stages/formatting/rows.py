"""Documents, phases and a context for the tests of formatting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rantau.files import document_schema, write_parquet
from rantau.machine import Machine
from rantau.recipe import Phase, check_recipe
from rantau.records import Dialogue, Document
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.formatting.stage import FORMAT

CPT = {"name": "cpt", "kind": "cpt", "mixture": {"berita": 0.8, "english": 0.2}, "max_tokens": 64}
SFT = {"name": "sft", "kind": "sft", "mixture": {"obrolan": 1.0}, "max_tokens": 128}
SOURCES = [
    {"name": name, "path": f"{name}.txt", "language": language, "license": "CC0-1.0"}
    for name, language in (("berita", "ind"), ("english", "eng"), ("obrolan", "ind"))
]


def document(
    n: int, text: str = "", *, talk: Dialogue | None = None, source: str = "berita", language: str = "ind"
) -> Document:
    return Document(
        f"{source}:{n}", source, f"{source}.txt", n, str(n), language, "CC0-1.0", text, talk, {"subset_name": "a"}
    )


def phase(kind: dict[str, Any], **changes: Any) -> Phase:
    return Phase.model_validate({**kind, **changes})


def context(
    folder: Path,
    base: Path,
    documents: dict[str, list[Document]],
    *,
    phases: list[dict[str, Any]],
    formatting: dict[str, Any] | None = None,
) -> Context:
    """A context whose curate artefact holds the documents of each phase."""
    recipe = check_recipe(
        {
            "name": "small",
            "language": {"target": "ind"},
            "model": {"base": str(base)},
            "sources": SOURCES,
            "phases": phases,
            "formatting": formatting or {},
            "evaluation": {"texts": [{"name": "berita", "source": "berita"}]},
        },
        where="small.yaml",
    )
    for name, rows in documents.items():
        path = folder / "mix" / "phases" / f"{name}.parquet"
        write_parquet(path, (d.to_row() for d in rows), document_schema())
    out = folder / "out"
    out.mkdir(exist_ok=True)
    declared = Declared(recipe, FORMAT.slices)
    inputs = {"mix": folder / "mix"}
    return Context(declared, folder, inputs, out, Machine(), Progress(quiet=True))
