"""Packs what was trained: a bundle that others load, and merged weights that are proven to be equal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rantau import files
from rantau.model.repeatable import repeatable
from rantau.recipe import Recipe
from rantau.run.stage import Context, Stage
from rantau.stages.export.bundle import write_bundle
from rantau.stages.export.folders import write_zip
from rantau.stages.export.merged import write_merged, write_proof


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """bundle_bytes, merged_bytes: sizes on disk (merged 0 = not asked for); max_abs_logit_difference: of the
    merged model read back from disk, None = not merged."""

    bundle_bytes: int
    merged_bytes: int
    max_abs_logit_difference: float | None


def export_stage(last_train: str) -> Stage:
    """The stage after the report; `last_train` is the stage whose adapter is shipped, train-<phase>."""
    return Stage(
        name="export",
        version=1,
        needs=(last_train, "report"),
        slices=("name", "model", "formatting", "export"),
        run=partial(export, last_train=last_train),
        volatile=("bundle/README.md", "*.zip"),
        fingerprint=_base_hash,
    )


def _base_hash(recipe: Recipe, folder: Path) -> dict[str, str]:
    from rantau.model.load import base_fingerprint

    return {"base": base_fingerprint(recipe.model)}


def export(ctx: Context, *, last_train: str) -> ExportSummary:
    """Writes bundle/, and as asked merged/ with proof.json and <name>.zip; each is whole or not there.

    Raises   ModelError if the merged model does not say what base and adapter say
    """
    from rantau.chat import template_for
    from rantau.model.tokenizer import load_tokenizer

    model, asked, out = ctx.recipe.model, ctx.recipe.export, ctx.out
    adapter = ctx.inputs[last_train] / "adapter"
    tokenizer = load_tokenizer(model)
    template = template_for(ctx.recipe.formatting, tokenizer)
    write_bundle(out / "bundle", adapter, ctx.inputs["report"] / "card.md", tokenizer, template)
    proof = None
    if asked.merged:
        with repeatable(ctx.machine):
            proof = write_merged(out / "merged", adapter, model, tokenizer, template, ctx.machine, ctx.progress)
        write_proof(out / "proof.json", proof)
    if asked.zip:
        write_zip(out / "bundle", out / f"{ctx.recipe.name}.zip")
    return ExportSummary(
        bundle_bytes=_size(out / "bundle"),
        merged_bytes=_size(out / "merged"),
        max_abs_logit_difference=proof.max_abs_logit_difference if proof else None,
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files.files_below(folder)) if folder.is_dir() else 0
