"""Packs what was trained: a bundle that others load, merged weights that are proven to be equal, and what other
programs read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.model.base import base_hash
from rantau.model.repeatable import repeatable
from rantau.recipe import Recipe
from rantau.run.stage import Context, Stage
from rantau.stages.export.archive import write_zip
from rantau.stages.export.bundle import write_bundle
from rantau.stages.export.formats import check_formats, write_formats
from rantau.stages.export.merged import Proof, proof_told, write_merged, write_proof

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from rantau.chat import Template

SCRATCH = "merged-for-others"


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """..._bytes: sizes on disk (0 = not asked for); max_abs_logit_difference: of the merged model read back from
    disk, None = not merged."""

    bundle_bytes: int
    merged_bytes: int
    gguf_bytes: int
    ctranslate2_bytes: int
    max_abs_logit_difference: float | None


def export_stage(last_train: str, *, vocabulary: str | None = None) -> Stage:
    """The stage after the report.

    last_train  the stage whose adapter is shipped, train-<phase>
    vocabulary  the stage whose words the adapter knows; None = the base's own tokens
    """
    return Stage(
        name="export",
        version=2,
        needs=(last_train, "report", *([vocabulary] if vocabulary else [])),
        slices=("name", "model", "formatting", "export"),
        run=partial(export, last_train=last_train),
        volatile=("bundle/README.md", "*.zip", "gguf/agreement.json", "ctranslate2/agreement.json"),
        fingerprint=_outside,
        scratch=(SCRATCH,),
    )


def _outside(recipe: Recipe, folder: Path) -> dict[str, str]:
    """The base's hash; asked for before anything runs, so a format that cannot be made is told now."""
    check_formats(recipe.export, recipe.model, extended=recipe.vocabulary.extend > 0)
    return base_hash(recipe, folder)


def export(ctx: Context, *, last_train: str) -> ExportSummary:
    """Writes bundle/, and as asked merged/ with proof.json, gguf/, ctranslate2/ and <name>.zip; each is whole or
    not there.

    Raises   ModelError if the merged model does not say what base and adapter say, or a format cannot hold it
    """
    from rantau.chat import template_for
    from rantau.model.tokenizer import load_tokenizer

    asked, out = ctx.recipe.export, ctx.out
    vocabulary = ctx.inputs.get("vocabulary")
    tokenizer = load_tokenizer(ctx.recipe.model, vocabulary=vocabulary)
    template = template_for(ctx.recipe.formatting, tokenizer)
    adapter = ctx.inputs[last_train] / "adapter"
    write_bundle(out / "bundle", adapter, ctx.inputs["report"] / "card.md", tokenizer, template, vocabulary)
    proof = _merge(ctx, adapter, tokenizer, template)
    if asked.zip:
        write_zip({"bundle": out / "bundle"}, out / f"{ctx.recipe.name}.zip")
    return ExportSummary(
        bundle_bytes=_size(out / "bundle"),
        merged_bytes=_size(out / "merged"),
        gguf_bytes=_size(out / "gguf"),
        ctranslate2_bytes=_size(out / "ctranslate2"),
        max_abs_logit_difference=proof.max_abs_logit_difference if proof else None,
    )


def _merge(ctx: Context, adapter: Path, tokenizer: PreTrainedTokenizerFast, template: Template) -> Proof | None:
    """merged/ and what is made of it; where only the latter is asked for, the merged model is scratch."""
    asked, out = ctx.recipe.export, ctx.out
    if not (asked.merged or asked.gguf or asked.ctranslate2):
        return None
    merged = out / ("merged" if asked.merged else SCRATCH)
    with repeatable(ctx.machine):
        proof = write_merged(
            merged, adapter, ctx.recipe.model, tokenizer, template, ctx.machine, ctx.progress,
            vocabulary=ctx.inputs.get("vocabulary"),
        )  # fmt: skip
    write_proof(out / "proof.json", proof)
    for line in proof_told(proof):
        ctx.progress.say(line)
    write_formats(out, merged, ctx)
    return proof


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files.files_below(folder)) if folder.is_dir() else 0
