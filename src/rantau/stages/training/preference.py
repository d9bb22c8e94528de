"""Direct preference optimisation: a chosen answer becomes likelier than a rejected one, measured from where the
phase began. Each row is a pair of documents (chosen, rejected), both with their prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import logsigmoid
from torch.utils.data import DataLoader, Dataset
from transformers import TrainingArguments

from rantau import files
from rantau.errors import DataError
from rantau.run.progress import Progress
from rantau.stages.training.job import Job
from rantau.stages.training.layout import Pass
from rantau.stages.training.loss import Batch, batch_of, laid_out, nats_of_sequences
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.rows import Rows
from rantau.stages.training.trainer import PAD_ID, PhaseTrainer

if TYPE_CHECKING:
    from peft import PeftModel

REFERENCE = "reference.npy"


class Pairs(Batch):
    """numbers: of the rows, to find what the reference said of them"""

    numbers: list[int]


class PreferenceTrainer(PhaseTrainer):
    """The loss is the mean over the pairs of a batch of -log sigmoid(beta x margin), where the margin is how much
    likelier (nats, summed over the answer) the chosen answer has become than the rejected one.

    Source   Rafailov et al. 2023, equation 7
    """

    def __init__(
        self, model: PeftModel, arguments: TrainingArguments, job: Job, *, micro_batch: int | None,
        ranks: Ranks | None = None,
    ) -> None:  # fmt: skip
        _check_pairs(job.rows, job.phase.name)
        super().__init__(model, arguments, job, micro_batch=micro_batch, ranks=ranks)
        self.reference: NDArray[np.float64] | None = None

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(
            cast("Dataset[Any]", range(len(self.job.rows))),
            batch_sampler=cast(Any, self.job.batches),
            collate_fn=partial(_pairs_of, rows=self.job.rows),
        )

    def set_reference(self, path: Path, progress: Progress) -> None:
        """What the model says of every answer before it learns: (rows, 2) nats, chosen and rejected.

        path  where the figures of a killed run lie, and are kept: after its first step they cannot be had again
        """
        if not self.ranks.led(path.exists()):
            found = self._all_nats(progress)
            if self.ranks.leads:
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write_array(path, found)
            self.ranks.wait()
        self.reference = cast("NDArray[np.float64]", files.read_array(path))

    def _all_nats(self, progress: Progress) -> NDArray[np.float64]:
        found = np.zeros((len(self.job.rows), 2))
        lengths = self.job.rows.lengths
        order = sorted(range(len(found)), key=lambda row: (lengths[row], row))
        size = self.job.phase.batch_size
        was_training = self.model.training
        self.model.eval()
        title = f"train-{self.job.phase.name}: the reference"
        starts = self.ranks.in_step(self.ranks.share(range(0, len(order), size)), 0)
        for start, counts in progress.track(starts, title, len(starts)):
            numbers = order[start : start + size]
            batch = cast(
                Batch, self._prepare_inputs(cast("dict[str, Any]", batch_of(numbers, rows=self.job.rows)))
            )
            nats = self._within_memory(partial(self._nats_before, batch), "the reference")
            if counts:
                found[numbers] = nats.double().cpu().numpy()
        self.model.train(was_training)
        return cast("NDArray[np.float64]", sum(self.ranks.gathered(found)))  # each row is that of one rank, else 0

    def _nats_before(self, batch: Batch) -> torch.Tensor:
        """(pairs, 2), in the precision of the steps: the trainer is not prepared yet, and sets no autocast."""
        with torch.no_grad(), self.accelerator.autocast():
            nats = [(self._pair_nats(self.model, batch, g), real) for g, real in self._groups_in_step(batch)]
        return torch.cat([part for part, real in nats if real])

    def _backward(self, model: torch.nn.Module, batch: Batch, learnt: float) -> torch.Tensor:
        """Pair by pair, so that both answers of one are in one pass."""
        assert self.reference is not None
        numbers = cast(Pairs, batch)["numbers"]
        before = torch.from_numpy(self.reference[numbers]).to(batch["input_ids"].device)  # (pairs, 2) float64
        total, computed, preferred = torch.zeros((), device=before.device), 0, 0
        for group, counts in self._groups_in_step(batch):
            nats = self._pair_nats(model, batch, group)  # (pairs of the group, 2)
            gained = before[group] - nats.double()
            margin = gained[:, 0] - gained[:, 1]
            loss = -logsigmoid(self.job.phase.beta * margin).sum().to(nats.dtype) / self.n_rows_of_step
            self.accelerator.backward(loss if counts else loss * 0)
            if not counts:
                continue
            total += loss.detach()
            computed += _positions(batch["parts"][pair] for pair in group)
            preferred += int((margin > 0).sum())
        self.last.positions, self.last.preferred = computed, preferred / self.n_rows_of_step
        return total

    def pad_share(self, batches: Iterable[Sequence[Sequence[int]]]) -> float:
        tokens = computed = 0
        for pairs in batches:
            tokens += sum(n for pair in pairs for n in pair)
            computed += sum(_positions(pairs[pair] for pair in group) for group in self._groups(pairs))
        return 1 - tokens / computed

    def _groups_in_step(self, batch: Batch) -> list[tuple[list[int], bool]]:
        groups = self._groups(batch["parts"])
        return self.ranks.in_step(groups, groups[0])

    def _groups(self, parts: Sequence[Sequence[int]]) -> list[list[int]]:
        """Pairs of one pass: as many as micro_batch and the tokens at once allow, at least one.

        parts  tokens of both texts of each pair
        """
        longest = max(n for pair in parts for n in pair)
        most = self.micro_batch.rows
        size = most if self._tokens_at_once is None else min(most, max(1, self._tokens_at_once // (2 * longest)))
        pairs = list(range(len(parts)))
        return [pairs[i : i + size] for i in range(0, len(pairs), size)]

    def _pair_nats(self, model: torch.nn.Module, batch: Batch, group: Sequence[int]) -> torch.Tensor:
        """(pairs, 2) of the answers of some pairs: documents 2 i and 2 i + 1 are pair i."""
        sequences: Pass = [[document] for pair in group for document in (2 * pair, 2 * pair + 1)]
        part = laid_out(batch, sequences, pad_id=PAD_ID)
        with self.compute_loss_context_manager():
            return nats_of_sequences(model, part, self._head).view(-1, 2)


def _positions(group: Iterable[Sequence[int]]) -> int:
    """Of a pass over these pairs: all its texts are as long as the longest."""
    pairs = list(group)
    return 2 * len(pairs) * max(n for pair in pairs for n in pair)


def _pairs_of(numbers: Sequence[int], *, rows: Rows) -> Pairs:
    return {**batch_of(numbers, rows=rows), "numbers": list(numbers)}


def _check_pairs(rows: Rows, phase: str) -> None:
    odd = [row for row in range(len(rows)) if len(rows.parts_of(row)) != 2]
    if odd:
        raise DataError(
            f"Phase {phase}: row {odd[0] + 1} is no pair of answers; kind: dpo needs sources of shape preference."
        )
