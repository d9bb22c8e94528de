"""The rows: real Indonesian instructions, drawn by seed, once, in the form that each side reads.

Held-out rows come from other groups (the same source sentence is never on both sides).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.training.settings import DATASET, HELD_OUT, LLAMA_FACTORY, SYSTEM, TRAIN, TRL, Settings

RECIPE = """\
name: bench-training
language: {{target: ind}}
model: {{base: {model}}}
sources:
  - name: rows
    path: train.jsonl
    shape: cendol
    language: ind
    license: see bench/README.md
    holdout: {{share: 0}}
curation: # nothing is changed and nothing left out: every side learns the same text
  normal_form: none
  repair: false
  language: {{detector: none}}
  quality: {{thresholds: none}}
  pii: {{email: keep, ip: keep, phone: keep, national_id: keep}}
  exact_duplicates: keep
  near_duplicates: {{method: none}}
  held_out_words: 0
adapter: {{rank: {rank}, alpha: {alpha}}}
phases:
  - name: learn
    kind: sft
    mixture: {{rows: 1.0}}
    max_tokens: 1024
    batch_size: {batch_size}
    learning_rate: {learning_rate}
    schedule: {schedule}
    warmup_share: 0
    max_grad_norm: {max_grad_norm}
evaluation: {{texts: [{{name: rows, source: rows}}]}}
"""


def draw(folder: Path, *, n: int, n_held_out: int, seed: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(rows to learn, held-out rows) as {input, output}; the held-out ones are the same for any n.

    folder  has cendol_schema.parquet and, row by row, provenance.parquet
    """
    rows = pq.read_table(folder / "cendol_schema.parquet", columns=["input", "output"]).to_pylist()
    groups = pq.read_table(folder / "provenance.parquet", columns=["group"])["group"].to_pylist()
    order = list(range(len(rows)))
    random.Random(f"bench training {seed}").shuffle(order)
    order = [i for i in order if rows[i]["input"].strip() and rows[i]["output"].strip()]
    held_out = order[:n_held_out]
    apart = {groups[i] for i in held_out}
    learnt = [i for i in order[n_held_out:] if groups[i] not in apart][:n]
    if len(learnt) < n:
        raise SystemExit(
            f"{folder}: only {len(learnt)} rows beside {n_held_out} held-out ones, {n} were asked for"
        )
    return [rows[i] for i in learnt], [rows[i] for i in held_out]


def write_forms(settings: Settings, learnt: Sequence[dict[str, str]], held_out: Sequence[dict[str, str]]) -> None:
    """Everything that a side reads, into settings.rows."""
    folder = Path(settings.rows)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / TRAIN, learnt)
    _write(folder / HELD_OUT, held_out)
    _write(folder / TRL, map(_conversation, learnt))
    _write(folder / LLAMA_FACTORY, map(_alpaca, learnt))
    known = {DATASET: {"file_name": LLAMA_FACTORY}}
    (folder / "dataset_info.json").write_text(json.dumps(known), encoding="utf-8")
    asked = {name: getattr(settings, name) for name in Settings.__slots__}
    (folder / "recipe.yaml").write_text(RECIPE.format(**asked), encoding="utf-8")


def _conversation(row: dict[str, str]) -> dict[str, Any]:
    """TRL: a conversational prompt and completion, of which it learns the completion."""
    return {
        "prompt": [{"role": "user", "content": row["input"]}],
        "completion": [{"role": "assistant", "content": row["output"]}],
    }


def _alpaca(row: dict[str, str]) -> dict[str, str]:
    """LLaMA-Factory: its own first form. The system prompt is the one that the model's template writes."""
    return {"instruction": row["input"], "input": "", "output": row["output"], "system": SYSTEM}


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
