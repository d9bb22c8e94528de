"""Transformers' trainer with our batches, loss, rates and checkpoints; it prints nothing and asks no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainingArguments

from rantau.errors import TrainingError
from rantau.model.adapters import restore_adapter, save_trained
from rantau.model.disk import full_disk_named
from rantau.model.optimiser import optimiser_of, parameter_groups
from rantau.model.score import bits_per_byte
from rantau.stages.training import checkpoints, parallel
from rantau.stages.training.head_loss import learn_what_follows
from rantau.stages.training.held_back import HeldBack
from rantau.stages.training.isolation import isolates, takes_one_sequence
from rantau.stages.training.job import Job, Kept, LastStep
from rantau.stages.training.layout import Layout, positions
from rantau.stages.training.loss import NOT_LEARNT, Batch, batch_of, laid_out, summed_nats
from rantau.stages.training.micro_batch import MicroBatch
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.schedule import rate_factor

if TYPE_CHECKING:
    from peft import PeftModel

T = TypeVar("T")
PAD_ID = 0  # any entry will do: no token sees it
# A processor gains nothing from a larger forward pass; this keeps SmolLM2-135M in float32 under 6 GiB.
CPU_TOKENS = 1024
# What a forward and backward pass costs besides its positions, in positions.
CPU_PASS, GPU_PASS = 64, 512


class PhaseTrainer(Trainer):  # type: ignore[misc]  # transformers is not typed for us
    """One batch of the loader is one optimiser step; it is split here, so that the loss is always the mean over
    the learnt tokens of the whole batch, however little memory there is."""

    def __init__(
        self, model: PeftModel, arguments: TrainingArguments, job: Job, *, micro_batch: int | None,
        ranks: Ranks | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model=cast(Any, model), args=arguments, train_dataset=cast("Dataset[Any]", job.rows))
        self.remove_callback(PrinterCallback)
        self.job, self.ranks, self.last = job, ranks or Ranks(), LastStep()
        self.micro_batch = MicroBatch(micro_batch or job.phase.batch_size, job, self.ranks)
        self._tokens_at_once = CPU_TOKENS if arguments.use_cpu and not micro_batch else None
        self._head = model.get_base_model().get_output_embeddings()
        learn_what_follows(model, self._head)
        self._packed = self._keeps_documents_apart()
        self.kept: list[Kept] = [self.micro_batch]
        self.n_rows_of_step = 0.0
        if not self.ranks.leads:
            torch.manual_seed(arguments.seed + self.ranks.rank)  # dropout of its own

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(
            cast("Dataset[Any]", range(len(self.job.rows))),
            batch_sampler=cast(Any, self.job.batches),
            collate_fn=partial(batch_of, rows=self.job.rows),
        )

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        phase = self.job.phase
        groups = parameter_groups(
            self.model,
            learning_rate=phase.learning_rate,
            loraplus_ratio=self.job.adapter.loraplus_ratio,
            embedding_learning_rate=phase.learning_rate * self.job.embedding_share,
            weight_decay=phase.weight_decay,
            embedding_weight_decay=self.job.embedding_decay,
        )
        self.optimizer = optimiser_of(phase.optimiser, groups, beta2=phase.beta2, device=self.args.device.type)
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
        batch = cast(Batch, self._prepare_inputs(inputs))
        step = self.state.global_step
        scheduled = getattr(self.lr_scheduler, "last_epoch", step)  # fewer where float16 skipped an overflow
        factor = rate_factor(scheduled, steps=len(self.job.batches), phase=self.job.phase)
        rate = self.job.phase.learning_rate * factor
        learnt = int((batch["labels"] != NOT_LEARNT).sum())
        tokens = len(batch["input_ids"])
        self.last = LastStep(step + 1, learning_rate=rate, learnt_tokens=learnt, tokens=tokens)
        self.n_rows_of_step = len(batch["parts"])
        loss = self._own_loss(model, batch, learnt)
        self.last.loss = self._finite(self._of_all_ranks(float(loss)), "loss")
        self.ranks.sum_gradients(model)
        return loss

    def _own_loss(self, model: torch.nn.Module, batch: Batch, learnt: int) -> torch.Tensor:
        """This rank's part of the loss, with its gradients."""
        own = parallel.own_rows(batch, self.ranks)
        if own:
            return self._within_memory(partial(self._backward, model, own, learnt), "the step")
        if self.ranks.lockstep:  # the others wait for its passes: a row of theirs, over infinity, adds nothing
            self.n_rows_of_step = math.inf
            return self._backward(model, parallel.taken(batch, [0]), math.inf)
        return torch.zeros((), device=batch["input_ids"].device)

    def _of_all_ranks(self, loss: float) -> float:
        """The loss of the whole batch; the figures of the step become those of all ranks, and so does the wish to
        stop."""
        last = self.last
        own = parallel.Figures(loss, last.positions, last.preferred or 0.0, self.ranks.is_asked)
        found = parallel.summed(self.ranks, own)
        last.positions = found.positions
        if self.job.phase.kind == "dpo":
            last.preferred = found.preferred
        return found.loss

    @property
    def layout(self) -> Layout:
        """How a batch is laid out in forward passes, here and now."""
        return Layout(
            rows=self.micro_batch.rows,
            tokens=self._tokens_at_once,
            pass_cost=CPU_PASS if self.args.use_cpu else GPU_PASS,
            packed=self._packed,
            chained=takes_one_sequence(self.model),
        )

    def pad_share(self, batches: Iterable[Sequence[Sequence[int]]]) -> float:
        """Padding over all positions that are computed for these batches, 0..1; of each batch the tokens of each
        document of each row."""
        return self.layout.pad_share(batches)

    @property
    def rows_at_once(self) -> int | None:
        """Rows of a forward pass; None where their tokens are what is limited."""
        rows = self.micro_batch.rows
        return rows if self._tokens_at_once is None or rows < self.job.phase.batch_size else None

    def _keeps_documents_apart(self) -> bool:
        """Whether packed rows are computed as they are; the processor gains nothing from long sequences."""
        if self.job.phase.packing == "none" or self.args.use_cpu:
            return False
        found = isolates(self.model, chained=takes_one_sequence(self.model))
        if not found:
            self.job.say(
                f"train-{self.job.phase.name}: the attention of this model "
                f"({self.model.config._attn_implementation}) lets packed documents see one another; each is "
                "computed as a sequence of its own, the result is the same."
            )
        return found

    def _within_memory(self, work: Callable[[], T], what: str) -> T:
        return self.micro_batch.within_memory(self.model, work, what, step=self.last.step)

    def _backward(self, model: torch.nn.Module, batch: Batch, learnt: float) -> torch.Tensor:
        total = torch.zeros((), device=batch["input_ids"].device)
        passes = self.layout.passes(batch["parts"])
        self.last.positions = positions(passes, [n for row in batch["parts"] for n in row])
        for sequences, counts in self.ranks.in_step(passes, passes[0]):
            part = laid_out(batch, sequences, pad_id=PAD_ID)
            with self.compute_loss_context_manager():
                loss = summed_nats(model, part, self._head) / (learnt if counts else math.inf)
            self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def bits_per_byte(self, held_back: HeldBack) -> float:
        """Of rows that are never learnt: no gradient, no dropout, nothing drawn at random.

        Raises   TrainingError if the loss is not a number; MachineError if one row does not fit into memory
        """
        lengths, size = self.job.rows.lengths, self.job.phase.batch_size
        order = sorted(held_back.rows, key=lambda row: (lengths[row], row))
        was_training = self.model.training
        self.model.eval()
        try:
            starts = self.ranks.in_step(self.ranks.share(range(0, len(order), size)), 0)
            own = [self._nats_of(order[i : i + size]) * counts for i, counts in starts]
            nats = math.fsum(nats for part in self.ranks.gathered(own) for nats in part)
        finally:
            self.model.train(was_training)
        return bits_per_byte(self._finite(nats, "loss of the held-back rows"), n_bytes=held_back.n_bytes)

    def _nats_of(self, numbers: Sequence[int]) -> float:
        """Summed over the learnt tokens of rows."""
        batch = cast(Batch, self._prepare_inputs(cast("dict[str, Any]", batch_of(numbers, rows=self.job.rows))))
        return self._within_memory(partial(self._nats, batch), "the measurement")

    def _nats(self, batch: Batch) -> float:
        passes = self.layout.passes(batch["parts"])
        found = []
        with torch.no_grad(), self.compute_loss_context_manager():
            for sequences, counts in self.ranks.in_step(passes, passes[0]):
                part = laid_out(batch, sequences, pad_id=PAD_ID)
                found.append(float(summed_nats(self.model, part, self._head)) * counts)
        return math.fsum(found)

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
        if not self.ranks.leads:
            with parallel.scratch() as own:
                self._save_rng_state(own)
            return self.ranks.wait()
        with full_disk_named(folder):
            super()._save_checkpoint(model, trial)
            for kept in self.kept:
                kept.save(folder)
            checkpoints.seal(folder)
        checkpoints.keep_only(folder)
        return self.ranks.wait()

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        states = parallel.other_states(self.ranks, None if self.ranks.leads else Path(output_dir))
        if self.ranks.leads:
            parallel.write_states(states, Path(output_dir))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        folder = parallel.state_folder(Path(checkpoint), self.ranks) if checkpoint else None
        if folder:
            super()._load_rng_state(str(folder))

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        assert output_dir is not None
        save_trained(cast("PeftModel", self.model), Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        self.restore(Path(resume_from_checkpoint))
        for kept in self.kept:
            kept.load(Path(resume_from_checkpoint))

    def restore(self, folder: Path) -> None:
        """The trained tensors become those that save_trained wrote into `folder`."""
        restore_adapter(cast("PeftModel", self.model), folder)
