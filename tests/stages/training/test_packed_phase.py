"""A phase over packed rows: the same losses however it is laid out, also when memory runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import DataError
from rantau.stages.training import trainer
from rantau.stages.training.rows import read_rows
from tests.stages.training.harness import recipe, train_cpt, write_rows
from tests.stages.training.test_packed import write_packed

PARTS = [[7, 1, 9], [12], [2, 2, 11, 3], [16, 8], [5, 5, 5], [24], [3, 4, 3, 4], [20, 2]]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return write_packed(tmp_path / "format", PARTS * 2)


def losses(base: Path, rows: Path, out: Path, **machine: Any) -> list[float]:
    train_cpt(recipe(base, packing="best_fit", epochs=2.0, adapter={"dropout": 0.0}), rows, out, **machine)
    return [row["loss"] for row in files.read_jsonl(out / "loss.jsonl")]


def test_a_packed_phase_has_one_loss_in_every_layout(
    tiny_base: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    separate = losses(tiny_base, packed, tmp_path / "separate")
    monkeypatch.setattr(trainer.PhaseTrainer, "_keeps_documents_apart", lambda _: True)
    together = losses(tiny_base, packed, tmp_path / "together")
    narrow = losses(tiny_base, packed, tmp_path / "narrow", micro_batch=1)
    monkeypatch.setattr(trainer, "takes_one_sequence", lambda _: True)
    chained = losses(tiny_base, packed, tmp_path / "chained")
    for other in (together, narrow, chained):
        assert other == pytest.approx(separate, abs=2e-5)


@pytest.mark.parametrize("micro_batch", [None, 1])
def test_padding_is_what_was_computed(
    tiny_base: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int | None
) -> None:
    computed: list[int] = []
    real = trainer.summed_nats

    def counted(model: Any, batch: Any, head: Any) -> Any:
        computed.append(batch["input_ids"].numel())
        return real(model, batch, head)

    monkeypatch.setattr(trainer, "summed_nats", counted)
    losses(tiny_base, packed, tmp_path / "out", micro_batch=micro_batch)
    summary = files.read_json(tmp_path / "out" / "summary.json")
    assert summary["tokens"] == 4 * sum(map(sum, PARTS)) < sum(computed)
    assert summary["pad_share"] == pytest.approx(1 - summary["tokens"] / sum(computed), abs=1e-5)


def test_less_memory_gives_the_same_result(
    tiny_base: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = losses(tiny_base, packed, tmp_path / "free")
    real = trainer.summed_nats

    def scarce(model: Any, batch: Any, head: Any) -> Any:
        if batch["input_ids"].numel() > 60:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return real(model, batch, head)

    monkeypatch.setattr(trainer, "summed_nats", scarce)
    assert losses(tiny_base, packed, tmp_path / "scarce") == pytest.approx(free, abs=2e-5)
    assert files.read_json(tmp_path / "scarce" / "speed.json")["micro_batch"] == 2
    monkeypatch.setattr(trainer.PhaseTrainer, "_keeps_documents_apart", lambda _: True)
    assert losses(tiny_base, packed, tmp_path / "whole") == pytest.approx(free, abs=2e-5)


def test_a_model_that_mixes_documents_is_said_and_not_packed(
    tiny_base: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[trainer.PhaseTrainer] = []
    said: list[str] = []

    def built(self: trainer.PhaseTrainer) -> bool:
        made.append(self)
        object.__setattr__(self.args, "use_cpu", False)
        object.__setattr__(self.job, "say", said.append)
        try:
            return real(self)
        finally:
            object.__setattr__(self.args, "use_cpu", True)

    real = trainer.PhaseTrainer._keeps_documents_apart
    monkeypatch.setattr(trainer.PhaseTrainer, "_keeps_documents_apart", built)
    losses(tiny_base, packed, tmp_path / "apart")
    assert made[0].layout.packed and not said
    monkeypatch.setattr(trainer, "isolates", lambda model, chained: False)
    losses(tiny_base, packed, tmp_path / "mixing")
    assert not made[1].layout.packed
    assert said == [
        "train-cpt: the attention of this model (sdpa) lets packed documents see one another; each is "
        "computed as a sequence of its own, the result is the same."
    ]


def test_the_first_token_of_every_document_is_no_target(packed: Path) -> None:
    rows = read_rows(packed / "cpt.parquet")
    assert rows.parts_of(2) == [2, 2, 11, 3] and rows.lengths[2] == 18
    for row in range(len(rows)):
        _, learnt = rows[row]
        start = 0
        for n in rows.parts_of(row):
            assert not learnt[start] and learnt[start + 1 : start + n].all()
            start += n
    assert rows.targets == [sum(n - 1 for n in row) for row in PARTS * 2]


def test_rows_without_parts_are_one_document_each(tmp_path: Path) -> None:
    rows = read_rows(write_rows(tmp_path) / "cpt.parquet")
    assert [rows.parts_of(n) for n in range(len(rows))] == [[n] for n in rows.lengths]


def test_parts_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    integers = pa.list_(pa.int32())
    types = [("id", pa.string()), ("ids", integers), ("learnt", pa.list_(pa.bool_())), ("parts", integers)]
    row = {"id": "odd", "ids": [5, 6, 7], "learnt": [False, True, True], "parts": [2, 2]}
    files.write_parquet(tmp_path / "cpt.parquet", [row], pa.schema(types))
    with pytest.raises(DataError, match=r"cpt\.parquet: row odd has 3 ids, but its parts have 4"):
        read_rows(tmp_path / "cpt.parquet")
