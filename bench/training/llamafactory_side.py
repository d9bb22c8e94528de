"""LLaMA-Factory through its command line, in an environment of its own, from a file like its own LoRA example.

The example trains 1 row 8 times before each step, in float32 if bf16 is left out, and recomputes activations.
--set    what its own options offer on a processor: all rows of a step in one pass, no recomputation, rows of one
         length together
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.training import outcome, settings
from bench.training.settings import DATASET, SYSTEM


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", dest="better", action="store_true")
    asked = parser.parse_args()
    file = write_arguments(settings.read(asked.rows), asked.out, better=asked.better)
    counted = outcome.watch_trainer(("llamafactory", "transformers", "peft", "torch"))
    from llamafactory.cli import main as command  # what the script llamafactory-cli calls

    sys.argv = ["llamafactory-cli", "train", str(file)]
    command()
    counted.write(asked.out)


def write_arguments(chosen: settings.Settings, out: Path, *, better: bool) -> Path:
    """The file for `llamafactory-cli train`: JSON is YAML, and its own JSON reader is broken in 0.9.5."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "llamafactory.yaml"
    file.write_text(json.dumps(arguments(chosen, out, better=better), indent=1), encoding="utf-8")
    return file


def arguments(chosen: settings.Settings, out: Path, *, better: bool) -> dict[str, Any]:
    at_once = chosen.batch_size if better else 1
    return {
        "model_name_or_path": chosen.model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": chosen.rank,
        "lora_alpha": chosen.alpha,
        "lora_dropout": 0.0,
        "lora_target": "all",
        "disable_gradient_checkpointing": better,
        "dataset": DATASET,
        "dataset_dir": chosen.rows,
        "template": "smollm2",
        "default_system": SYSTEM,
        "cutoff_len": 2048,
        "overwrite_cache": True,
        "output_dir": str(out / outcome.ADAPTER),
        "logging_steps": 10,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": chosen.batch_size // at_once,
        "train_sampling_strategy": "group_by_length" if better else "random",
        **chosen.trainer,
    }


if __name__ == "__main__":
    main()
