"""Watches the steps of a run: rows to the journal, the bar on the screen, and the wish to stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rantau.run.progress import Bar
from rantau.stages.training.journal import Journal, LossRow, SpeedRow, peak_gib

if TYPE_CHECKING:
    from rantau.stages.training.trainer import PhaseTrainer


class Observer(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for us
    """stop  when set, the step that is running is finished, kept in a checkpoint, and is the last"""

    def __init__(
        self, trainer: PhaseTrainer, journal: Journal, bar: Bar, stop: threading.Event, device: str
    ) -> None:
        self._trainer, self._journal, self._bar, self._stop = trainer, journal, bar, stop
        self._device, self._began = device, time.perf_counter()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._began = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        last = self._trainer.last
        rate = last.tokens / max(time.perf_counter() - self._began, 1e-9)
        epoch = self._epoch(last.step)
        self._journal.write(
            LossRow(last.step, epoch, last.loss, last.learning_rate, last.grad_norm, last.learnt_tokens),
            SpeedRow(last.step, last.tokens, round(rate, 3), round(peak_gib(self._device), 4)),
        )
        self._bar.advance(note=f"loss {last.loss:.3f}  {rate:,.0f} tok/s")
        if self._stop.is_set():
            control.should_save = control.should_training_stop = True
        return control

    def _epoch(self, step: int) -> float:
        job = self._trainer.job
        per_epoch = -(-len(job.rows) // job.phase.batch_size)
        return round(step / per_epoch, 6)
