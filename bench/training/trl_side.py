"""TRL's SFTTrainer, as its documentation writes it; runs in an environment of its own.

--float32  its defaults, but for the type: bf16 is its own, for which many processors have no instructions
--set      what its own options offer on a processor: float32, no recomputation, rows of one length together
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.training import outcome, settings

# On a processor TRL's own default, bf16, is refused unless use_cpu is written; it is in settings.trainer.
BETTER: dict[str, Any] = {
    "bf16": False, "gradient_checkpointing": False, "train_sampling_strategy": "group_by_length",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--set", dest="better", action="store_true")
    asked = parser.parse_args()
    chosen = settings.read(asked.rows)
    counted = outcome.watch_trainer(("trl", "transformers", "peft", "torch"))
    train(chosen, asked.out, BETTER if asked.better else {"bf16": False} if asked.float32 else {})
    counted.write(asked.out)


def train(chosen: settings.Settings, out: Path, further: dict[str, Any]) -> None:
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("json", data_files=str(Path(chosen.rows) / settings.TRL), split="train")
    trainer = SFTTrainer(
        model=chosen.model,
        args=SFTConfig(
            output_dir=str(out / "trl"),
            per_device_train_batch_size=chosen.batch_size,
            **chosen.trainer,
            **further,
        ),
        train_dataset=rows,
        peft_config=LoraConfig(
            r=chosen.rank, lora_alpha=chosen.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    trainer.train()
    trainer.save_model(str(out / outcome.ADAPTER))


if __name__ == "__main__":
    main()
