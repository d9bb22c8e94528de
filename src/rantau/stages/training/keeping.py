"""What happens after a step besides learning: the moving average, and the measurement that may end the phase."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rantau.model.adapters import save_trained
from rantau.model.disk import full_disk_named
from rantau.stages.training.early_stopping import EarlyStop
from rantau.stages.training.ema import MovingAverage
from rantau.stages.training.held_back import HeldBack
from rantau.stages.training.journal import HeldBackRow

if TYPE_CHECKING:
    from rantau.stages.training.trainer import PhaseTrainer


class Averaging(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for us
    """Takes the weights after every step into the average."""

    def __init__(self, average: MovingAverage) -> None:
        self._average = average

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *, model: Any, **_: Any
    ) -> None:
        self._average.update(model)


class Measuring(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for us
    """Measures the adapter that would be kept: the average where there is one. It draws nothing at random and
    leaves the weights bit by bit as they were."""

    def __init__(
        self,
        trainer: PhaseTrainer,
        stop: EarlyStop,
        held_back: HeldBack,
        average: MovingAverage | None,
        tell: Callable[[HeldBackRow], None],
    ) -> None:
        self._trainer, self._stop, self._held_back = trainer, stop, held_back
        self._average, self._tell = average, tell

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *, model: Any, **_: Any
    ) -> TrainerControl:
        step = self._trainer.last.step
        if self._stop.due(step, steps=len(self._trainer.job.batches)):
            with self._average.inside(model) if self._average else nullcontext():
                bits = self._trainer.bits_per_byte(self._held_back)
                gain = self._stop.judge(step, bits, keep=self._keep)
            self._tell(HeldBackRow(step, bits, gain))
            if self._stop.ended:
                control.should_save = control.should_training_stop = True
        return control

    def _keep(self, folder: Path) -> None:
        with full_disk_named(folder):
            save_trained(self._trainer.model, folder)
