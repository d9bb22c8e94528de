"""The tutorial's own way: transformers' Trainer, every row padded to 512 tokens, loss on every position.

Written from its description: labels are a copy of the ids, so the prompt and the padding are learnt too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.training import outcome, settings


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    chosen = settings.read(asked.rows)
    counted = outcome.watch_trainer(("transformers", "peft", "torch"))
    train(chosen, asked.out)
    counted.write(asked.out)


def train(chosen: settings.Settings, out: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    config = LoraConfig(r=chosen.rank, lora_alpha=chosen.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(chosen.model), config)
    rows = [_padded(row, tokenizer, chosen) for row in settings.read_rows(Path(chosen.rows) / settings.TRAIN)]
    arguments = TrainingArguments(
        output_dir=str(out / "trainer"),
        per_device_train_batch_size=chosen.batch_size,
        logging_steps=10,
        **chosen.trainer,
    )
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    model.save_pretrained(out / outcome.ADAPTER)


def _padded(row: dict[str, Any], tokenizer: Any, chosen: settings.Settings) -> dict[str, list[int]]:
    turns = [{"role": "user", "content": row["input"]}, {"role": "assistant", "content": row["output"]}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    found = tokenizer(
        text, truncation=True, max_length=chosen.tutorial_tokens, padding="max_length", add_special_tokens=False
    )
    ids = list(found["input_ids"])
    return {"input_ids": ids, "attention_mask": list(found["attention_mask"]), "labels": list(ids)}


if __name__ == "__main__":
    main()
