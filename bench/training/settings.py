"""What every side is told: the same model, rows, adapter, optimiser and batch. Needs nothing but Python."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TRAIN, HELD_OUT, TRL, LLAMA_FACTORY = "train.jsonl", "held_out.jsonl", "trl.jsonl", "llamafactory.jsonl"
SEED = 21  # of 1 to 25: its 160 rows are nearest to a mean of 183 and a longest of 656 tokens
DATASET = "bench"  # its name in LLaMA-Factory's dataset_info.json
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # the model's own template says it
FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """model       folder that every transformers since 4.45 reads
    rows          folder with the rows in the form of each side
    schedule      linear: from the peak rate to 0, no warm-up
    tutorial_tokens  to which the tutorial pads and cuts every row
    """

    model: str
    rows: str
    n_rows: int
    n_held_out: int
    seed: int = SEED
    rank: int = 16
    alpha: int = 32
    learning_rate: float = 2e-4
    schedule: str = "linear"
    beta1: float = 0.9
    beta2: float = 0.95
    batch_size: int = 8
    max_grad_norm: float = 1.0
    tutorial_tokens: int = 512

    @property
    def digest(self) -> str:
        """Names what was asked; results of other settings are never taken for these."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def trainer(self) -> dict[str, Any]:
        """Arguments by the names of transformers' TrainingArguments, which TRL and LLaMA-Factory share."""
        return {
            "num_train_epochs": 1.0,
            "learning_rate": self.learning_rate,
            "lr_scheduler_type": self.schedule,
            "adam_beta1": self.beta1,
            "adam_beta2": self.beta2,
            "weight_decay": 0.0,
            "max_grad_norm": self.max_grad_norm,
            "seed": self.seed,
            "save_strategy": "no",
            "report_to": "none",
            "use_cpu": True,
        }


def write(settings: Settings) -> None:
    text = json.dumps(asdict(settings), indent=1) + "\n"
    (Path(settings.rows) / FILE).write_text(text, encoding="utf-8")


def read(rows: Path) -> Settings:
    return Settings(**json.loads((rows / FILE).read_text(encoding="utf-8")))


def read_rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
