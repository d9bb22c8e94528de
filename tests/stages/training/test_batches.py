"""Batches: every row once an epoch, in an order of its own, with nearly no padding."""

import itertools
import random

import pytest

from rantau.stages.training.batches import epoch_batches, optimiser_steps, planned_batches
from rantau.stages.training.layout import Layout

DRAW = random.Random(5)
LENGTHS = [DRAW.randint(8, 512) for _ in range(3001)]


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "epochs", "steps"),
    [
        (10_000, 64, 1.0, 157),
        (10_000, 32, 1.0, 313),
        (40, 8, 1.0, 5),
        (40, 8, 0.5, 3),
        (40, 8, 2.2, 11),
        (3, 8, 0.1, 1),
        (41, 8, 2.0, 12),
    ],
)
def test_steps_are_counted_exactly(n_rows: int, batch_size: int, epochs: float, steps: int) -> None:
    assert optimiser_steps(n_rows, batch_size=batch_size, epochs=epochs) == steps


def test_an_epoch_holds_every_row_once() -> None:
    batches = epoch_batches(LENGTHS, batch_size=16, seed=1, epoch=0)
    assert sorted(row for batch in batches for row in batch) == list(range(3001))
    assert sorted(map(len, batches))[:2] == [9, 16] and len(batches) == 188


def test_epochs_and_seeds_have_their_own_order_and_keep_it() -> None:
    def asked(seed: int, epoch: int) -> list[list[int]]:
        return epoch_batches(LENGTHS, batch_size=16, seed=seed, epoch=epoch)

    assert asked(1, 0) == asked(1, 0)
    together = [{frozenset(batch) for batch in asked(*where)} for where in ((1, 0), (1, 1), (2, 0))]
    assert not together[0] & together[1] and not together[0] & together[2]


def test_part_of_an_epoch_is_its_beginning() -> None:
    long = planned_batches(LENGTHS, batch_size=16, epochs=2.5, seed=1)
    short = planned_batches(LENGTHS, batch_size=16, epochs=0.5, seed=1)
    assert len(long) == 470 and len(short) == 94 and long[:94] == short


def padding(batches: list[list[int]], layout: Layout) -> float:
    return layout.pad_share([[LENGTHS[row]] for row in batch] for batch in batches)


def test_padding_is_small_and_a_plain_shuffle_is_not() -> None:
    order = list(range(len(LENGTHS)))
    random.Random(1).shuffle(order)
    plain = [order[i : i + 16] for i in range(0, len(order), 16)]
    planned, one_pass = planned_batches(LENGTHS, batch_size=16, epochs=1, seed=1), Layout(rows=16, pass_cost=10**6)
    assert padding(plain, one_pass) > 0.4
    assert padding(planned, one_pass) < 0.02
    assert padding(plain, Layout(rows=16, pass_cost=64)) < 0.1


def test_long_batches_do_not_come_in_order() -> None:
    widths = [max(LENGTHS[row] for row in b) for b in epoch_batches(LENGTHS, batch_size=16, seed=1, epoch=0)]
    rises = sum(a < b for a, b in itertools.pairwise(widths)) / (len(widths) - 1)
    assert 0.35 < rises < 0.65
