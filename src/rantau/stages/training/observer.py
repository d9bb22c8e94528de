"""Looks at every step of a run: rows to journal and trackers, the bar on the screen, and the wish to stop."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rantau.run.progress import Bar
from rantau.stages.training.journal import HeldBackRow, Journal, LossRow, SpeedRow, peak_gib
from rantau.stages.training.trackers import Trackers

if TYPE_CHECKING:
    from rantau.stages.training.trainer import PhaseTrainer


class Observer(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for us
    """stop  when set, the step that is running is finished, kept in a checkpoint, and is the last"""

    def __init__(
        self,
        trainer: PhaseTrainer,
        journal: Journal,
        bar: Bar,
        stop: threading.Event,
        device: str,
        trackers: Trackers | None = None,
    ) -> None:
        self._trainer, self._journal, self._bar, self._stop = trainer, journal, bar, stop
        self._device, self._trackers, self._began = device, trackers, time.perf_counter()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._began = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        last = self._trainer.last
        rate = last.tokens / max(time.perf_counter() - self._began, 1e-9)
        norm = last.grad_norm if math.isfinite(last.grad_norm) else None
        loss = LossRow(
            last.step,
            self._epoch(last.step),
            last.loss,
            last.learning_rate,
            norm,
            last.learnt_tokens,
            last.preferred,
        )
        steps, padding = len(self._trainer.job.batches), round(last.pad_share, 6)
        peak = round(peak_gib(self._device), 4)
        speed = SpeedRow(last.step, steps, last.tokens, round(rate, 3), padding, peak)
        self._journal.write(loss, speed)
        self._show(loss, speed)
        if self._stop.is_set():
            control.should_save = control.should_training_stop = True
        return control

    def held_back(self, row: HeldBackRow) -> None:
        """A measurement of held-back rows, after the step that it belongs to."""
        self._journal.write_held_back(row)
        if self._trackers:
            self._trackers.log(row.step, {"held_back_bits_per_byte": row.bits_per_byte})

    def _show(self, loss: LossRow, speed: SpeedRow) -> None:
        note = f"loss {loss.loss:.3f}  {speed.tokens_per_s:,.0f} tok/s  {speed.pad_share:.1%} padding"
        self._bar.advance(note=note)
        if self._trackers:
            shown = {
                "loss": loss.loss,
                "learning_rate": loss.learning_rate,
                "grad_norm": loss.grad_norm,
                "tokens_per_s": speed.tokens_per_s,
                "padding": speed.pad_share,
            }
            self._trackers.log(loss.step, shown)

    def _epoch(self, step: int) -> float:
        job = self._trainer.job
        per_epoch = -(-job.n_rows // job.phase.batch_size)
        return round(step / per_epoch, 6)


class Follower(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for us
    """Ends the steps of a rank that does not lead, after the step at which all ranks stop."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if self._stop.is_set():
            control.should_save = control.should_training_stop = True
        return control
