"""The three stages of curation: clean each document, draw some of them, mix them by tokens."""

from __future__ import annotations

from pathlib import Path

from rantau.model.base import tokenizer_hash
from rantau.recipe import CorpusRecipe, Embedding
from rantau.run.stage import Stage
from rantau.stages.curation.cleaning.clean import CLEANING_FIELDS, SCRATCH, clean, fingerprint
from rantau.stages.curation.mixing.mix import SCRATCH as MIX_SCRATCH
from rantau.stages.curation.mixing.mix import mix_phases
from rantau.stages.curation.sampling.select import SCRATCH as SELECT_SCRATCH
from rantau.stages.curation.sampling.select import select


def encoder_hashes(recipe: CorpusRecipe, folder: Path) -> dict[str, str]:
    """Content of the encoders of sampling that are folders."""
    from rantau.model.encoder import encoder_folders

    steps = [step for plan in recipe.curation.sampling for step in plan.steps]
    features = [(step.name, f) for step in steps if (f := getattr(step, "features", None))]
    return encoder_folders(
        (name, part.encoder) for name, f in features for part in f.parts if isinstance(part, Embedding)
    )


CLEAN = Stage(
    name="clean",
    version=2,
    needs=("gather",),
    slices=(*(f"curation.{name}" for name in CLEANING_FIELDS), "sources", "seed"),
    run=clean,
    fingerprint=fingerprint,
    scratch=(SCRATCH,),
)

SELECT = Stage(
    name="select",
    version=1,
    needs=("clean",),
    slices=("curation.sampling", "sources", "language", "draw_seed"),
    run=select,
    fingerprint=encoder_hashes,
    scratch=(SELECT_SCRATCH,),
)

MIX = Stage(
    name="mix",
    version=1,
    needs=("clean", "select"),
    slices=(
        "model",
        "sources",
        "draw_seed",
        "formatting",
        "phases.*.kind",
        "phases.*.mixture",
        "phases.*.tokens",
        "phases.*.max_tokens",
        "phases.*.over_long",
    ),
    run=mix_phases,
    fingerprint=tokenizer_hash,
    scratch=(MIX_SCRATCH,),
)
