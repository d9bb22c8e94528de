"""One training phase on the device under test, from token rows made by hand; and what it wrote."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.pipeline import stages_of
from rantau.recipe import Recipe, check_recipe
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared, Stage

# RANTAU_TEST_DEVICE=cpu runs the same tests without a GPU, to see that the tests themselves work.
DEVICE = os.environ.get("RANTAU_TEST_DEVICE", "cuda")
VOCABULARY = 300


@dataclass(frozen=True, slots=True)
class Learnt:
    """Loss and gradient norm of each step, in order, and the adapter's tensors."""

    losses: list[float]
    norms: list[float]
    adapter: dict[str, Any]


def recipe_of(
    base: Path, *, dtype: str = "float32", quantisation: str = "none", rank: int = 4, **phase: Any
) -> Recipe:
    learn = {
        "name": "learn", "kind": "cpt", "mixture": {"a": 1.0}, "batch_size": 4, "learning_rate": 2e-3,
        "schedule": "constant", "warmup_share": 0, **phase,
    }  # fmt: skip
    data = {
        "name": "gpu", "language": {"target": "ind"}, "seed": 7,
        "model": {"base": str(base), "dtype": dtype, "quantisation": quantisation},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "adapter": {"rank": rank}, "phases": [learn], "evaluation": {"texts": [{"name": "a", "source": "a"}]},
    }  # fmt: skip
    return check_recipe(data, where="gpu.yaml")


def documents(n: int, *, seed: int = 3) -> list[list[int]]:
    """Token ids of n documents of 6 to 40 tokens."""
    draw = random.Random(seed)
    return [[draw.randrange(4, VOCABULARY) for _ in range(draw.randint(6, 40))] for _ in range(n)]


def write_rows(folder: Path, rows: list[list[list[int]]]) -> Path:
    """learn.parquet as the format stage writes it; a row is a list of documents, of which it is packed."""
    import pyarrow as pa

    types = [("id", pa.string()), ("source", pa.string()), ("ids", pa.list_(pa.int32())),
             ("learnt", pa.list_(pa.bool_())), ("parts", pa.list_(pa.int32()))]  # fmt: skip
    written = (
        {
            "id": f"a:{number}", "source": "a", "ids": [token for document in row for token in document],
            "learnt": [place > 0 for document in row for place in range(len(document))],
            "parts": [len(document) for document in row],
        }
        for number, row in enumerate(rows)
    )  # fmt: skip
    files.write_parquet(folder / "learn.parquet", written, pa.schema(types))
    return folder


def run(asked: Recipe, rows: Path, out: Path, *, device: str = DEVICE, micro_batch: int | None = None) -> Learnt:
    """Trains, or goes on where `out` stops. Raises as the stage does."""
    stage = train_stage_of(asked)
    out.mkdir(parents=True, exist_ok=True)
    machine = Machine(device=device, threads=2, micro_batch=micro_batch)
    stage.run(Context(Declared(asked, stage.slices), out, {"format": rows}, out, machine, Progress(quiet=True)))
    return read(out)


def train_stage_of(asked: Recipe) -> Stage:
    return next(stage for stage in stages_of(asked) if stage.name == "train-learn")


def read(out: Path) -> Learnt:
    from safetensors.torch import load_file

    steps = files.read_appended_jsonl(out / "loss.jsonl")
    tensors = load_file(out / "adapter" / "adapter_model.safetensors")
    return Learnt([s["loss"] for s in steps], [s["grad_norm"] for s in steps], tensors)


def furthest(one: list[float], other: list[float]) -> float:
    """The greatest difference between two curves of equal length."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def relative_distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Frobenius norm of the difference over that of `other`, all tensors together."""
    assert one.keys() == other.keys()
    apart = sum(float((one[name].double() - other[name].double()).pow(2).sum()) for name in other)
    whole = sum(float(other[name].double().pow(2).sum()) for name in other)
    return float((apart / whole) ** 0.5)
