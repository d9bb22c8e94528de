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


@pytest.mark.parametrize("schedule", ["cosine", "linear", "cosine_restarts", "constant"])
@pytest.mark.parametrize("steps", [1, 2, 3, 30])
@pytest.mark.parametrize("warmup_share", [0.0, 0.03, 0.5, 1.0])
def test_no_step_is_wasted(schedule: str, steps: int, warmup_share: float) -> None:
    assert all(0 < f <= 1 for f in factors(steps, schedule=schedule, warmup_share=warmup_share))
