"""The table of sides: ratios, and a side that trained something else is never passed over."""

from typing import Any

import pytest
from bench.training.compare import differences, notes, speeds, unexplained, work
from bench.training.settings import Settings

CHOSEN = Settings("model", "rows", n_rows=16, n_held_out=4)


def row(side: str, **further: Any) -> dict[str, Any]:
    base = {
        "side": side, "train_s": 10.0, "process_s": 20.0, "tokens": 3000, "positions": 3200, "learnt": 400,
        "peak_gib": 1.5, "held_out_loss": 2.0, "steps": 2, "parameters": 100, "adapter_parameters": 100,
        "threads": 2, "dtype": "float32",
    }  # fmt: skip
    return base | further


OURS = row("rantau")


def test_ratios_are_over_rantau() -> None:
    table = speeds([OURS, row("trl", train_s=35.0, process_s=50.0, positions=6000)], base_loss=2.5)
    ours, trl, before = table
    assert (ours["x rantau"], trl["x rantau"], trl["x rantau, with loading"]) == (1.0, 3.5, 2.5)
    assert (ours["useful tokens/s"], trl["padding"]) == (300.0, "50.0%")
    assert before == {"side": "before training", "held-out loss": "2.5000"}


def test_equal_work_needs_no_word() -> None:
    assert differences(row("trl"), OURS, CHOSEN) == []
    assert unexplained([OURS, row("trl")], CHOSEN) == []
    assert notes([row("trl")], CHOSEN)[0].startswith("- trl: SFTTrainer at its defaults")
    assert set(work([OURS])[0]) == {
        "side",
        "steps",
        "parameters",
        "tokens",
        "learnt",
        "positions",
        "threads",
        "dtype",
    }


def test_known_differences_are_explained() -> None:
    breaks = row("trl", learnt=416)
    assert differences(breaks, OURS, CHOSEN) == [("16 learnt tokens more, the line break after each answer", True)]
    tutorial = row("tutorial", tokens=2900, positions=16 * 512, learnt=16 * 511)
    assert [known for _, known in differences(tutorial, OURS, CHOSEN)] == [True, True]
    assert unexplained([OURS, breaks, tutorial], CHOSEN) == []
    assert "100 tokens beyond 512 are cut off" in notes([OURS, tutorial], CHOSEN)[1]


@pytest.mark.parametrize(
    "odd", [{"steps": 3}, {"parameters": 99}, {"threads": 1}, {"tokens": 2999}, {"learnt": 417}, {"learnt": 390}]
)
def test_anything_else_is_named(odd: dict[str, int]) -> None:
    (found,) = unexplained([OURS, row("llamafactory", **odd)], CHOSEN)
    assert found.startswith("llamafactory: ") and f"{next(iter(odd.values())):,}" in found
