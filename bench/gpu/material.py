"""A model of random weights as a folder, and rows of random tokens as the format stage would leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from bench.gpu.cases import Case, config_of

PHASE = "learn"
DONE = "whole"


def write_model(case: Case, folder: Path, device: str) -> Path:
    """Random weights (normal, 0.02) in the case's type, made on `device`. Kept if they are there. Returns folder.

    An 8 B model takes 16 GB of disk.
    """
    import torch
    from transformers import AutoModelForCausalLM

    if (folder / DONE).is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config_of(case.shape), dtype=getattr(torch, case.dtype))
    model.save_pretrained(folder, max_shard_size="4GB")
    del model
    if device == "cuda":
        torch.cuda.empty_cache()
    (folder / DONE).touch()
    return folder


def random_rows(case: Case, steps: int) -> list[list[int]]:
    """Token ids of every row of every step; every row is case.seq long, so nothing is padding."""
    vocabulary = config_of(case.shape).vocab_size
    draw = np.random.default_rng(0)
    found: list[list[int]] = draw.integers(3, vocabulary, size=(steps * case.rows, case.seq)).tolist()
    return found


def write_format(rows: list[list[int]], folder: Path) -> Path:
    """The folder of a format stage: <phase>.parquet in which every token but the first is learnt."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    lists = {"ids": pa.int32(), "learnt": pa.bool_(), "parts": pa.int32()}
    schema = pa.schema(
        [("id", pa.string()), ("source", pa.string()), *((n, pa.list_(t)) for n, t in lists.items())]
    )
    columns = {
        "id": [str(i) for i in range(len(rows))],
        "source": ["random"] * len(rows),
        "ids": rows,
        "learnt": [[i > 0 for i in range(len(row))] for row in rows],
        "parts": [[len(row)] for row in rows],
    }
    pq.write_table(pa.table(columns, schema=schema), folder / f"{PHASE}.parquet")
    return folder
