"""Learning rates against closed forms."""

import math
from typing import Any

import pytest

from rantau.recipe import Phase
from rantau.stages.training.schedule import rate_factor


def factors(steps: int = 100, **values: Any) -> list[float]:
    phase = Phase(name="p", kind="cpt", mixture={"a": 1.0}, **values)
    return [rate_factor(step, steps=steps, phase=phase) for step in range(steps)]


def test_warm_up_rises_in_equal_steps_to_the_peak() -> None:
    found = factors(schedule="constant", warmup_share=0.1)
    assert found[:11] == pytest.approx([n / 11 for n in range(1, 12)])
    assert found[10:] == [1.0] * 90


def test_linear_and_cosine_decay() -> None:
    assert factors(schedule="linear", warmup_share=0.0) == pytest.approx([1 - n / 100 for n in range(100)])
    cosine = [(1 + math.cos(math.pi * n / 100)) / 2 for n in range(100)]
    assert factors(schedule="cosine", warmup_share=0.0) == pytest.approx(cosine)


def test_restarts_go_back_to_the_peak() -> None:
    found = factors(schedule="cosine_restarts", cycles=4, warmup_share=0.0)
    assert found[0] == found[25] == found[50] == found[75] == 1.0
    assert found[24] < 0.01 and found[:25] == pytest.approx(found[75:])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "cosine_restarts", "constant", "wsd"])
@pytest.mark.parametrize("steps", [1, 2, 3, 30])
@pytest.mark.parametrize("warmup_share", [0.0, 0.03, 0.5, 1.0])
def test_no_step_is_wasted(schedule: str, steps: int, warmup_share: float) -> None:
    assert all(0 < f <= 1 for f in factors(steps, schedule=schedule, warmup_share=warmup_share))


def test_wsd_is_constant_and_then_falls_in_equal_steps() -> None:
    found = factors(schedule="wsd", decay_share=0.2, warmup_share=0.1)
    assert found[:10] == pytest.approx([n / 11 for n in range(1, 11)]) and found[10:81] == [1.0] * 71
    assert found[80:] == pytest.approx([1 - n / 20 for n in range(20)])


def test_wsd_that_decays_all_the_time_begins_after_the_warm_up() -> None:
    found = factors(schedule="wsd", decay_share=1.0, warmup_share=0.25)
    assert found[25:] == pytest.approx([1 - n / 75 for n in range(75)])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "cosine_restarts", "wsd"])
def test_no_decay_goes_below_its_floor(schedule: str) -> None:
    values = {"schedule": schedule, "warmup_share": 0.1, **({"cycles": 3} if "restarts" in schedule else {})}
    plain, floored = factors(1000, **values), factors(1000, floor_share=0.1, **values)
    assert floored[:100] == plain[:100]  # a warm-up begins where it always does
    assert min(floored[100:]) >= 0.1 and floored[-1] == pytest.approx(0.1, abs=0.01)
    assert floored[100:] == pytest.approx([0.1 + 0.9 * f for f in plain[100:]])


@pytest.mark.parametrize(
    ("name", "values", "arguments"),
    [
        ("get_cosine_schedule_with_warmup", {"schedule": "cosine"}, {"num_training_steps": 200}),
        ("get_linear_schedule_with_warmup", {"schedule": "linear"}, {"num_training_steps": 200}),
        (
            "get_cosine_with_hard_restarts_schedule_with_warmup",
            {"schedule": "cosine_restarts", "cycles": 3},
            {"num_training_steps": 200, "num_cycles": 3},
        ),
        (
            "get_cosine_with_min_lr_schedule_with_warmup",
            {"schedule": "cosine", "floor_share": 0.1},
            {"num_training_steps": 200, "min_lr_rate": 0.1},
        ),
        (
            "get_wsd_schedule",
            {"schedule": "wsd", "decay_share": 0.25, "floor_share": 0.2},
            {"num_training_steps": 200, "num_decay_steps": 50, "decay_type": "linear", "min_lr_ratio": 0.2},
        ),
    ],
)
@pytest.mark.parametrize("warmup", [0, 20])
def test_decay_is_that_of_transformers(
    name: str, values: dict[str, Any], arguments: dict[str, Any], warmup: int
) -> None:
    """The warm-up is not: theirs begins with a step at rate 0."""
    import torch
    import transformers

    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs, found = getattr(transformers, name)(optimiser, num_warmup_steps=warmup, **arguments), []
    for _ in range(200):
        found.append(theirs.get_last_lr()[0])
        optimiser.step()
        theirs.step()
    assert factors(200, warmup_share=warmup / 200, **values)[warmup:] == pytest.approx(found[warmup:], abs=1e-12)
