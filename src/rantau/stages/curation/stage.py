"""The three stages of curation: clean each document, draw some of them, mix them by tokens."""

from __future__ import annotations

from rantau.model.base import tokenizer_hash
from rantau.run.stage import Stage
from rantau.stages.curation.cleaning.clean import CLEANING_FIELDS, SCRATCH, clean, fingerprint
from rantau.stages.curation.mixing.mix import SCRATCH as MIX_SCRATCH
from rantau.stages.curation.mixing.mix import mix_phases
from rantau.stages.curation.sampling.select import SCRATCH as SELECT_SCRATCH
from rantau.stages.curation.sampling.select import select

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
