"""The one evaluator: nats per learnt token of the held-out rows, for any PEFT adapter on the same base.

python -m bench.training.held_out --rows FOLDER [--adapter FOLDER]

Learnt are the answer and the token that ends it, as rantau masks them; rows are computed one at a time.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.training import settings


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--adapter", type=Path)
    asked = parser.parse_args()
    print(json.dumps(measure(settings.read(asked.rows), asked.adapter)))


def measure(chosen: settings.Settings, adapter: Path | None) -> dict[str, Any]:
    """{held_out_loss: nats per learnt token, held_out_tokens: learnt tokens, adapter_parameters}."""
    from rantau.machine import detect
    from rantau.model.adapters import load_adapter
    from rantau.model.load import load_base
    from rantau.recipe import Model

    rows = encoded(chosen, Path(chosen.rows) / settings.HELD_OUT)
    base = load_base(Model(base=chosen.model), detect("cpu"))
    model: Any = load_adapter(base, adapter, trainable=False) if adapter else base
    nats = sum(row_nats(model, ids, learnt) for ids, learnt in rows)
    tokens = sum(sum(learnt) for _, learnt in rows)
    size = sum(p.numel() for name, p in model.named_parameters() if ".lora_" in name)
    return {"held_out_loss": nats / tokens, "held_out_tokens": tokens, "adapter_parameters": size}


def encoded(chosen: settings.Settings, file: Path) -> list[tuple[list[int], list[bool]]]:
    """(ids, learnt) of each row, by rantau's own chat code."""
    from rantau.chat import encode, template_for
    from rantau.model.tokenizer import load_tokenizer
    from rantau.recipe import Formatting, Model
    from rantau.records import Dialogue, Message

    tokenizer = load_tokenizer(Model(base=chosen.model))
    template = template_for(Formatting(), tokenizer)
    found = []
    for row in settings.read_rows(file):
        dialogue = Dialogue((Message("user", row["input"]), Message("assistant", row["output"])))
        one = encode(template, tokenizer, dialogue, system_prompt=None)
        found.append((one.ids, one.learnt))
    return found


def row_nats(model: Any, ids: Sequence[int], learnt: Sequence[bool]) -> float:
    """Negative log-likelihood summed over the learnt tokens, softmax in float32."""
    import torch

    row = torch.tensor([list(ids)], device=model.device)  # (1, seq) int64
    targets = torch.tensor(list(learnt), device=model.device)[1:]  # (seq - 1) bool
    with torch.inference_mode():
        logits = model(input_ids=row, use_cache=False).logits[0, :-1][targets].float()  # (learnt, vocabulary)
        return float(torch.nn.functional.cross_entropy(logits, row[0, 1:][targets], reduction="sum"))


if __name__ == "__main__":
    main()
