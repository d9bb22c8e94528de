"""The moving average against its closed form, alone and in a phase."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import TrainingError
from rantau.stages.training.ema import FILE, MovingAverage
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import lasting, recipe, train_cpt, write_rows

SHAPE = (5, 3)


def model(seed: int = 0) -> Any:
    import torch

    draw = torch.Generator().manual_seed(seed)
    made = torch.nn.Module()
    made.register_parameter("learnt", torch.nn.Parameter(torch.randn(SHAPE, generator=draw)))
    made.register_parameter("frozen", torch.nn.Parameter(torch.ones(2), requires_grad=False))
    return made


def steps(n: int) -> list[Any]:
    import torch

    draw = torch.Generator().manual_seed(9)
    return [torch.randn(SHAPE, generator=draw) for _ in range(n)]


def closed_form(weights: list[Any], decay: float) -> Any:
    """Sum of (1 - d) d**(t - k) w(k) over 1 - d**t, in double precision."""
    t = len(weights)
    shares = [(1 - decay) * decay ** (t - k) / (1 - decay**t) for k in range(1, t + 1)]
    assert sum(shares) == pytest.approx(1)
    return sum(share * w.double() for share, w in zip(shares, weights, strict=True))


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("n", [1, 2, 7, 200])
def test_the_average_is_the_closed_form(decay: float, n: int) -> None:
    import torch

    made = model()
    average = MovingAverage(made, decay)
    for w in steps(n):
        made.learnt.data.copy_(w)
        average.update(made)
    average.put_into(made)
    assert (made.learnt.double() - closed_form(steps(n), decay)).abs().max() < 2e-6
    assert torch.equal(made.frozen, torch.ones(2))


def test_nothing_of_the_beginning_is_in_it() -> None:
    import torch

    found = []
    for seed in (0, 1):
        made = model(seed)
        average = MovingAverage(made, 0.999)
        for w in steps(3):
            made.learnt.data.copy_(w)
            average.update(made)
        average.put_into(made)
        found.append(made.learnt.detach().clone())
    assert torch.equal(*found)
    mean = sum(steps(3)) / 3
    assert (found[0] - mean).abs().max() < 1e-3  # a short run is nearly the plain mean of its own steps


def test_before_the_first_step_nothing_is_replaced() -> None:
    import torch

    made = model()
    before = made.learnt.detach().clone()
    MovingAverage(made, 0.9).put_into(made)
    assert torch.equal(made.learnt, before)


def test_inside_and_afterwards_bit_by_bit() -> None:
    import torch

    made = model()
    average = MovingAverage(made, 0.9)
    for w in steps(4):
        made.learnt.data.copy_(w)
        average.update(made)
    with average.inside(made):
        assert not torch.equal(made.learnt, steps(4)[-1])
    assert torch.equal(made.learnt, steps(4)[-1])


def test_saved_and_loaded_it_goes_on_the_same(tmp_path: Path) -> None:
    import torch

    made, found = model(), []
    average = MovingAverage(made, 0.9)
    for n, w in enumerate(steps(8)):
        made.learnt.data.copy_(w)
        average.update(made)
        if n == 3:
            average.save(tmp_path)
    for other in (average, MovingAverage(model(5), 0.9)):
        if other is not average:
            other.load(tmp_path)
            for w in steps(8)[4:]:
                made.learnt.data.copy_(w)
                other.update(made)
        other.put_into(made)
        found.append(made.learnt.detach().clone())
    assert torch.equal(*found) and other.steps == 8


def test_another_model_cannot_load_it(tmp_path: Path) -> None:
    import torch

    MovingAverage(model(), 0.9).save(tmp_path)
    with pytest.raises(TrainingError, match=f"{FILE}: holds other tensors"):
        MovingAverage(torch.nn.Linear(2, 2), 0.9).load(tmp_path)


def test_weights_in_half_precision_are_averaged_in_float32() -> None:
    import torch

    made = torch.nn.Linear(3, 3, bias=False).to(torch.bfloat16)
    average, seen = MovingAverage(made, 0.9), []
    for w in (torch.full((3, 3), 1.0), torch.full((3, 3), 1.0 + 2**-7)):
        made.weight.data.copy_(w)
        seen.append(made.weight.detach().clone())
        average.update(made)
    assert (next(iter(average._mean.values())).double() - closed_form(seen, 0.9)).abs().max() < 1e-6


def test_the_phase_keeps_the_average_and_learns_as_without_it(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    rows = write_rows(tmp_path / "format")
    train_cpt(recipe(tiny_base, epochs=2.0), rows, tmp_path / "plain")
    seen: dict[str, list[Any]] = {}
    update = MovingAverage.update

    def noted(self, model):  # type: ignore[no-untyped-def]
        update(self, model)
        for name, p in model.named_parameters():
            if p.requires_grad:
                seen.setdefault(name.replace(".default", ""), []).append(p.detach().clone())

    monkeypatch.setattr(MovingAverage, "update", noted)
    train_cpt(recipe(tiny_base, epochs=2.0, ema=0.7), rows, tmp_path / "ema")

    losses = [files.read_jsonl(tmp_path / name / "loss.jsonl") for name in ("plain", "ema")]
    assert losses[0] == losses[1]
    kept = load_file(tmp_path / "ema" / "adapter" / "adapter_model.safetensors")
    last = load_file(tmp_path / "plain" / "adapter" / "adapter_model.safetensors")
    assert set(kept) == set(seen) == set(last)
    for name, weights in seen.items():
        assert len(weights) == 10 and (weights[-1] == last[name]).all()
        assert (kept[name].double() - closed_form(weights, 0.7)).abs().max() < 1e-6
    stage = train_stage(recipe(tiny_base).phases[0], None)
    differing = {
        k for k, v in lasting(tmp_path / "ema", stage).items() if lasting(tmp_path / "plain", stage)[k] != v
    }
    assert differing == {"adapter/adapter_model.safetensors"}
