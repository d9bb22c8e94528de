"""The sides, what each of them is, and in which environment its program runs."""

from __future__ import annotations

from dataclasses import dataclass

OURS = "rantau"


@dataclass(frozen=True, slots=True)
class Side:
    """environment: of environments.py; module: its program; words: further arguments; note: for the table."""

    name: str
    environment: str
    module: str
    words: tuple[str, ...]
    note: str


SIDES: tuple[Side, ...] = (
    Side(OURS, "rantau", "bench.training.rantau_side", (),
         "the stages of `rantau run` up to the adapter"),
    Side("trl", "trl", "bench.training.trl_side", (),
         "SFTTrainer at its defaults: 8 rows a pass in the order drawn, bf16, activations recomputed"),
    Side("trl-float32", "trl", "bench.training.trl_side", ("--float32",),
         "SFTTrainer at its defaults but for float32, since this processor has no bfloat16"),
    Side("trl-set", "trl", "bench.training.trl_side", ("--set",),
         "SFTTrainer as well as its own options allow here: float32, no recomputation, rows grouped by length"),
    Side("llamafactory", "llamafactory", "bench.training.llamafactory_side", (),
         "its own LoRA example: 1 row a pass, 8 passes a step, activations recomputed; float32, not bf16"),
    Side("llamafactory-set", "llamafactory", "bench.training.llamafactory_side", ("--set",),
         "its best options here: 8 rows a pass, no recomputation, rows grouped by length; float32"),
    Side("tutorial", "trl", "bench.training.tutorial_side", (),
         "Trainer, every row padded or cut to 512 tokens, loss on every position, padding too"),
)  # fmt: skip
BY_NAME = {side.name: side for side in SIDES}
