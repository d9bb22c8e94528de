"""Training on CUDA: four-bit bases, half precision, packing, paged moments, and going on after a stop.

The drift that is allowed is written beside each comparison; on a processor all of them but the first are exact.
"""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import MachineError
from tests.gpu.phase import DEVICE, documents, furthest, recipe_of, relative_distance, run, write_rows


def _available() -> bool:
    if DEVICE != "cuda":
        return True
    import torch

    return torch.cuda.is_available()


pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not _available(), reason="needs a CUDA device, and torch sees none"),
    pytest.mark.filterwarnings("ignore:.*does not have a deterministic implementation:UserWarning"),
]

FLOAT32_DRIFT = 1e-3  # nats: other kernels add in another order, and steps carry it on
BF16_DRIFT = 0.05  # nats: 8 bits of mantissa in every product
RESUME_DRIFT = 1e-3  # kernels that add with atomics differ from run to run


@pytest.fixture
def separate(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "separate", [[document] for document in documents(24)])


def test_an_nf4_base_is_trained(tiny_base: Path, separate: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="nf4 needs bitsandbytes: pip install 'rantau[quant]'")
    asked = recipe_of(tiny_base, dtype="bfloat16", quantisation="nf4", epochs=4, learning_rate=2e-2)
    found = run(asked, separate, tmp_path / "out")
    assert len(found.losses) == 24 and all(map(math.isfinite, found.losses + found.norms))
    assert sum(found.losses[-6:]) < sum(found.losses[:6]) - 0.1, "four passes over 24 documents are learnt"
    assert all(str(tensor.dtype) == "torch.float32" for tensor in found.adapter.values())
    assert any(float(t.abs().max()) > 0 for name, t in found.adapter.items() if "lora_B" in name)


def test_float32_is_as_on_a_processor(tiny_base: Path, separate: Path, tmp_path: Path) -> None:
    asked = recipe_of(tiny_base, epochs=2)
    here, there = (run(asked, separate, tmp_path / device, device=device) for device in (DEVICE, "cpu"))
    assert furthest(here.losses, there.losses) <= FLOAT32_DRIFT


def test_bf16_is_near_a_processors_float32(tiny_base: Path, separate: Path, tmp_path: Path) -> None:
    here = run(recipe_of(tiny_base, dtype="bfloat16", epochs=2), separate, tmp_path / "bf16")
    there = run(recipe_of(tiny_base, epochs=2), separate, tmp_path / "float32", device="cpu")
    assert furthest(here.losses, there.losses) <= BF16_DRIFT


def test_packed_rows_learn_what_separate_ones_do(tiny_base: Path, tmp_path: Path) -> None:
    """One row of four documents against the four alone: the same step, so the same loss and gradient."""
    alone = documents(4)
    packed = write_rows(tmp_path / "packed", [alone])
    single = write_rows(tmp_path / "single", [[document] for document in alone])
    asked: dict[str, Any] = {"epochs": 6, "max_tokens": 256}
    one = run(recipe_of(tiny_base, packing="best_fit", batch_size=1, **asked), packed, tmp_path / "one")
    four = run(recipe_of(tiny_base, batch_size=4, **asked), single, tmp_path / "four")
    assert len(one.losses) == len(four.losses) == 6
    assert furthest(one.losses, four.losses) <= FLOAT32_DRIFT
    assert furthest(one.norms, four.norms) <= 10 * FLOAT32_DRIFT


def test_the_micro_batch_changes_nothing(tiny_base: Path, separate: Path, tmp_path: Path) -> None:
    asked = recipe_of(tiny_base, epochs=2)
    whole, by_row = (run(asked, separate, tmp_path / str(n), micro_batch=n) for n in (4, 1))
    assert furthest(whole.losses, by_row.losses) <= FLOAT32_DRIFT


def test_paged_moments_learn_as_plain_ones(tiny_base: Path, separate: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="paged AdamW needs bitsandbytes: pip install 'rantau[quant]'")
    if DEVICE != "cuda":
        pytest.skip("moments are paged between a GPU and memory")
    plain, paged = (
        run(recipe_of(tiny_base, rank=16, epochs=2, optimiser=kind), separate, tmp_path / kind)
        for kind in ("adamw", "paged_adamw")
    )
    assert furthest(plain.losses, paged.losses) <= FLOAT32_DRIFT
    eight = run(
        recipe_of(tiny_base, rank=128, epochs=2, optimiser="paged_adamw_8bit"), separate, tmp_path / "eight"
    )
    assert all(map(math.isfinite, eight.losses)) and eight.losses[-1] < eight.losses[0]


def test_a_stopped_run_goes_on_within_the_drift(
    tiny_base: Path, separate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = recipe_of(tiny_base, epochs=2, checkpoint_steps=3)
    whole = run(asked, separate, tmp_path / "whole")
    with monkeypatch.context() as stopping:
        _stop_at(5, stopping)
        with pytest.raises(MachineError, match="was stopped"):
            run(asked, separate, tmp_path / "stopped")
    stopped = run(asked, separate, tmp_path / "stopped")
    assert len(stopped.losses) == len(whole.losses) == 12
    assert furthest(stopped.losses, whole.losses) <= RESUME_DRIFT
    assert relative_distance(stopped.adapter, whole.adapter) <= RESUME_DRIFT


def _stop_at(step: int, stopping: pytest.MonkeyPatch) -> None:
    """SIGTERM while that step runs, as a cluster would send it."""
    from transformers import Trainer, TrainerCallback

    class Ends(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == step - 1:
                os.kill(os.getpid(), signal.SIGTERM)

    train = Trainer.train

    def interrupted(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.add_callback(Ends())
        return train(self, *args, **kwargs)

    stopping.setattr(Trainer, "train", interrupted)


def test_nothing_is_preferred_before_the_first_step(tiny_base: Path, tmp_path: Path) -> None:
    """Reference and policy have the same precision: the margin of the first step is 0, its loss ln 2."""
    prompts, answers = documents(24), documents(48, seed=5)
    pairs = [[prompts[n] + answers[2 * n], prompts[n] + answers[2 * n + 1]] for n in range(24)]
    rows = write_rows(tmp_path / "pairs", pairs)
    found = run(recipe_of(tiny_base, dtype="bfloat16", kind="dpo", max_tokens=128), rows, tmp_path / "out")
    assert found.losses[0] == pytest.approx(math.log(2), abs=1e-3)
