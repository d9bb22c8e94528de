"""Transformers' trainer with our batches, loss, rates and checkpoints; it prints nothing and asks no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainingArguments

from rantau.errors import MachineError, TrainingError
from rantau.model.adapters import restore_adapter, save_adapter
from rantau.model.disk import full_disk_named
from rantau.model.optimiser import EMBEDDING_SHARE, adamw, parameter_groups
from rantau.recipe import Adapter, Model, Phase
from rantau.stages.training import checkpoints
from rantau.stages.training.loss import NOT_LEARNT, collate, parts, summed_nats
from rantau.stages.training.rows import Rows
from rantau.stages.training.schedule import rate_factor

if TYPE_CHECKING:
    from peft import PeftModel

# A processor gains nothing from a larger forward pass; this keeps SmolLM2-135M in float32 under 6 GiB.
CPU_TOKENS = 1024
SMALLER = "Use a smaller phases.*.max_tokens, model.dtype: bfloat16, or model.quantisation: nf4."


@dataclass(slots=True)
class LastStep:
    """What the step that has just ended was; the trainer fills it in, the observer reads it."""

    step: int = 0
    loss: float = math.nan
    learning_rate: float = 0.0
    grad_norm: float = math.nan
    learnt_tokens: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """batches: row numbers of each optimiser step; say: where a message to the reader goes."""

    model: Model
    adapter: Adapter
    phase: Phase
    rows: Rows
    batches: Sequence[Sequence[int]]
    say: Callable[[str], None]


class PhaseTrainer(Trainer):  # type: ignore[misc]  # transformers is not typed for us
    """One batch of the loader is one optimiser step; it is split here, so that the loss is always the mean over
    the learnt tokens of the whole batch, however little memory there is."""

    def __init__(
        self, model: PeftModel, arguments: TrainingArguments, job: Job, *, micro_batch: int | None
    ) -> None:
        super().__init__(model=cast(Any, model), args=arguments, train_dataset=cast("Dataset[Any]", job.rows))
        self.remove_callback(PrinterCallback)
        self.job, self.micro_batch, self.last = job, micro_batch or job.phase.batch_size, LastStep()
        self._tokens_at_once = CPU_TOKENS if arguments.use_cpu and not micro_batch else None
        self._head = model.get_base_model().get_output_embeddings()

    def get_train_dataloader(self) -> DataLoader[Any]:
        pad_id = getattr(self.model.config, "pad_token_id", None) or 0
        return DataLoader(
            cast("Dataset[Any]", self.job.rows),
            batch_sampler=cast(Any, self.job.batches),
            collate_fn=partial(collate, pad_id=pad_id),
        )

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        phase = self.job.phase
        self.optimizer = adamw(
            parameter_groups(
                self.model,
                learning_rate=phase.learning_rate,
                loraplus_ratio=self.job.adapter.loraplus_ratio,
                embedding_learning_rate=phase.learning_rate * EMBEDDING_SHARE,
                weight_decay=phase.weight_decay,
            )
        )
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        factor = partial(rate_factor, steps=num_training_steps, phase=self.job.phase)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        return self.lr_scheduler

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Gradients of the mean loss over the batch's learnt tokens.

        Raises   TrainingError if the loss is not a number; MachineError if one row does not fit into memory
        """
        model.train()
        batch = cast("dict[str, torch.Tensor]", self._prepare_inputs(inputs))
        step = self.state.global_step
        rate = self.job.phase.learning_rate * rate_factor(step, steps=len(self.job.batches), phase=self.job.phase)
        learnt = int((batch["labels"] != NOT_LEARNT).sum())
        tokens = int(batch["attention_mask"].sum())
        self.last = LastStep(step + 1, learning_rate=rate, learnt_tokens=learnt, tokens=tokens)
        loss = self._loss_in_parts(model, batch, learnt)
        self.last.loss = self._finite(float(loss), "loss")
        return loss

    def _loss_in_parts(self, model: torch.nn.Module, batch: dict[str, torch.Tensor], learnt: int) -> torch.Tensor:
        """The step again with half the rows at a time, for as long as memory runs out: nothing is lost, since
        weights and optimiser change only after the last part."""
        while True:
            try:
                return self._backward(model, batch, learnt)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).split("\n")[0][:120]
            self._halve(reason)
            model.zero_grad()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _backward(self, model: torch.nn.Module, batch: dict[str, torch.Tensor], learnt: int) -> torch.Tensor:
        total = torch.zeros((), device=batch["input_ids"].device)
        for part in parts(batch, self._rows_at_once(batch["input_ids"].shape[1])):
            with self.compute_loss_context_manager():
                loss = summed_nats(model, part, self._head) / learnt
            self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def _rows_at_once(self, width: int) -> int:
        if self._tokens_at_once is None:
            return self.micro_batch
        return min(self.micro_batch, max(1, self._tokens_at_once // width))

    def _halve(self, reason: str) -> None:
        if self.micro_batch == 1:
            raise MachineError(
                f"Phase {self.job.phase.name}, step {self.last.step}: one row alone does not fit into memory "
                f"({reason}). {SMALLER} The last checkpoint is kept."
            )
        self.micro_batch //= 2
        self.job.say(
            f"train-{self.job.phase.name}: out of memory at step {self.last.step}; the step is done again with "
            f"--micro-batch {self.micro_batch}, the result is the same."
        )

    def _clip_grad_norm(self, model: torch.nn.Module) -> torch.Tensor:
        norm = super()._clip_grad_norm(model)
        # with float16 a first overflow is how the gradient scaler finds its scale: it skips that step itself
        scaled = getattr(self.accelerator, "scaler", None) is not None
        self.last.grad_norm = float(norm) if scaled else self._finite(float(norm), "gradient norm")
        return cast(torch.Tensor, norm)

    def _finite(self, value: float, what: str) -> float:
        if math.isfinite(value):
            return value
        raise TrainingError(
            f"Phase {self.job.phase.name}, step {self.last.step}: the {what} is {value} at learning rate "
            f"{self.last.learning_rate:.3g}. Try a third of phases.{self.job.phase.name}.learning_rate or a "
            "longer warmup_share; with model.dtype: float16, use bfloat16. The last checkpoint is kept."
        )

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        return 0

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Writes, seals, and only then removes the checkpoint before it."""
        folder = Path(self.args.output_dir or ".") / f"{checkpoints.PREFIX}{self.state.global_step}"
        with full_disk_named(folder):
            super()._save_checkpoint(model, trial)
            checkpoints.seal(folder)
        checkpoints.keep_only(folder)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        assert output_dir is not None
        save_adapter(cast("PeftModel", self.model), Path(output_dir), base=self.job.model)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        restore_adapter(cast("PeftModel", self.model), Path(resume_from_checkpoint))


def is_out_of_memory(error: RuntimeError) -> bool:
    """True for the accelerator's error and for that of the CPU allocator, which has no type of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def arguments(folder: Path, phase: Phase, *, steps: int, seed: int, device: str, dtype: str) -> TrainingArguments:
    """What the parent class must know; everything else is ours."""
    chosen = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=phase.batch_size,
        gradient_accumulation_steps=1,
        max_grad_norm=phase.max_grad_norm,
        seed=seed,
        save_strategy="steps",
        save_steps=phase.checkpoint_steps,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        remove_unused_columns=False,
        use_cpu=device == "cpu",
        bf16=device == "cuda" and dtype == "bfloat16",
        fp16=device == "cuda" and dtype == "float16",
    )
    if chosen.n_gpu > 1:
        chosen._n_gpu = 1  # else the parent splits a batch over all cards with DataParallel
    return chosen
