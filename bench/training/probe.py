"""Does an environment read the model as the others do? One line of JSON with ids and loss of a few rows.

Runs in every environment: an old transformers that misread the rotary base would train another model.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from bench.training import settings

ROWS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    asked = parser.parse_args()
    print(json.dumps(probe(settings.read(asked.rows))))


def probe(chosen: settings.Settings) -> dict[str, Any]:
    """{ids: sha256 of the token ids, nats: per token over all tokens but the first, rows of 3}."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    model = AutoModelForCausalLM.from_pretrained(chosen.model).eval()
    rows = [_ids(tokenizer, row) for row in settings.read_rows(Path(chosen.rows) / settings.HELD_OUT)[:ROWS]]
    with torch.inference_mode():
        losses = [float(model(torch.tensor([ids]), labels=torch.tensor([ids])).loss) for ids in rows]
    return {"ids": hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16], "nats": sum(losses) / len(losses)}


def _ids(tokenizer: Any, row: dict[str, Any]) -> list[int]:
    turns = [{"role": "user", "content": row["input"]}, {"role": "assistant", "content": row["output"]}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


if __name__ == "__main__":
    main()
