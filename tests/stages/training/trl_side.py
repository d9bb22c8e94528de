"""The same preference pairs through TRL's DPO trainer, with its own loss and our optimiser's settings."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Recipe
from rantau.stages.training.batches import planned_batches
from rantau.stages.training.rows import Rows


def losses_of_trl(asked: Recipe, rows: Rows, folder: Path, *, beta: float, rate: float) -> list[float]:
    """Loss of every step, over the batches that our phase would take."""
    import torch
    from torch.utils.data import SequentialSampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations are not ours
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        class Given(DPOTrainer):  # type: ignore[misc]
            def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
                return dataset

            def _get_train_sampler(self, dataset: Any = None) -> Any:
                return SequentialSampler(self.train_dataset)

        phase = asked.phases[0]
        batches = planned_batches(
            rows.lengths, batch_size=phase.batch_size, epochs=phase.epochs, seed=asked.draw_seed
        )
        model = attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=asked.draw_seed)
        trained = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
        settings = DPOConfig(
            output_dir=str(folder), beta=beta, per_device_train_batch_size=phase.batch_size,
            max_steps=len(batches), max_grad_norm=phase.max_grad_norm, logging_steps=1, report_to="none",
            use_cpu=True, bf16=False, gradient_checkpointing=False, save_strategy="no", disable_tqdm=True,
            learning_rate=rate, lr_scheduler_type="constant", max_length=None,
        )  # fmt: skip
        trainer = Given(
            model=model, args=settings, processing_class=load_tokenizer(asked.model),
            train_dataset=Dataset.from_list([_pair(rows, row) for batch in batches for row in batch]),
            optimizers=(optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _: 1.0)),
        )  # fmt: skip
        trainer.train()
    return [float(row["loss"]) for row in trainer.state.log_history if "loss" in row]


def _pair(rows: Rows, number: int) -> dict[str, list[int]]:
    (ids, learnt), first = rows[number], rows.parts_of(number)[0]
    n_prompt = int(learnt.argmax())
    plain = [int(i) for i in ids]
    chosen, rejected = plain[:first], plain[first:]
    return {"prompt_ids": chosen[:n_prompt], "chosen_ids": chosen[n_prompt:], "rejected_ids": rejected[n_prompt:]}
