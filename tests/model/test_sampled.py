"""Sampling in batches: transformers' own distribution, and draws that know nothing of their company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.model.generate import Narrowing, generate_batch
from rantau.model.load import load_base
from rantau.model.sampled import Draws, choose, probabilities_of
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Model

PROMPTS = ["Halo", "Saya tinggal di Bandung dan bekerja sebagai guru", "서울은", "Halo", "The quick", "Halo"]
HOWS = [
    Narrowing(),
    Narrowing(0.7, 10, 0.8),
    Narrowing(1.3, None, 0.5),
    Narrowing(1.0, None, 1.0),
    Narrowing(2.0, 3),
]


@pytest.fixture(scope="module")
def pair(tiny_base: Path) -> Any:
    model = Model(base=str(tiny_base))
    return load_base(model, Machine()), load_tokenizer(model)


def dense(scores: Any, how: Narrowing) -> Any:
    """Probabilities over the whole vocabulary."""
    import torch

    found, ids = probabilities_of(scores, how)
    found = found / found.sum(-1, keepdim=True)
    return found if ids is None else torch.zeros_like(scores).scatter(-1, ids, found)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("ties", [False, True])
def test_the_distribution_is_that_of_transformers(how: Narrowing, ties: bool) -> None:
    import torch
    from transformers.generation import logits_process as theirs

    scores = torch.randn(5, 300, generator=torch.Generator().manual_seed(1)) * 3
    scores = scores.round() if ties else scores
    chain: Any = theirs.LogitsProcessorList([theirs.TemperatureLogitsWarper(how.temperature)])
    if how.top_k:
        chain.append(theirs.TopKLogitsWarper(how.top_k))
    if how.top_p < 1 and not ties:  # which of two equal tokens is inside the nucleus is nobody's promise
        chain.append(theirs.TopPLogitsWarper(how.top_p))
    how = Narrowing(how.temperature, how.top_k, 1.0) if ties else how
    expected = chain(None, scores).softmax(-1)
    torch.testing.assert_close(dense(scores, how), expected)


@pytest.mark.parametrize("how", HOWS)
def test_tokens_come_as_often_as_they_should(how: Narrowing) -> None:
    import torch

    n = 20_000
    scores = torch.randn(1, 12, generator=torch.Generator().manual_seed(2)).expand(n, -1)
    chosen = choose(scores, how, Draws([7]).next([0] * n))
    shares = torch.bincount(chosen, minlength=12) / n
    expected = dense(scores[:1], how)[0]
    assert bool((shares[expected == 0] == 0).all())
    assert float((shares - expected).abs().max()) < 4.5 * np.sqrt(0.25 / n)


@pytest.mark.parametrize("number", [0.0, 1 - 2**-53])
def test_the_ends_of_the_numbers_are_tokens_that_may_be_drawn(number: float) -> None:
    import torch

    scores = torch.tensor([[-torch.inf, 1.0, 2.0, -torch.inf]])
    assert int(choose(scores, Narrowing(top_k=None), [number])) == (1 if number == 0 else 2)


def test_a_row_keeps_its_numbers_when_others_leave() -> None:
    together, alone = Draws([1, 2, 3]), Draws([3])
    first = together.next([0, 1, 2])[2]
    assert [first, together.next([2])[0], together.next([0, 2])[1]] == [alone.next([0])[0] for _ in range(3)]


@pytest.mark.parametrize("batch_size", [1, 2, 6])
def test_an_answer_follows_from_its_seed_not_from_its_company(pair: Any, batch_size: int) -> None:
    model, tokenizer = pair
    prompts = [list(tokenizer(text).input_ids) for text in PROMPTS]
    seeds = [11, 12, 13, 14, 15, 11]

    def said(order: list[int]) -> list[Any]:
        return generate_batch(
            model, tokenizer, [prompts[i] for i in order], max_new_tokens=20, sampling=Narrowing(),
            seeds=[seeds[i] for i in order], batch_size=batch_size,
        )  # fmt: skip

    alone = [said([i])[0] for i in range(6)]
    assert said([0, 1, 2, 3, 4, 5]) == alone
    assert said([5, 4, 3, 2, 1, 0]) == alone[::-1]
    assert alone[0] == alone[5] != alone[3]  # equal prompts: equal seeds say the same, others do not


def test_the_narrowest_choice_is_greedy(pair: Any) -> None:
    model, tokenizer = pair
    prompts = [list(tokenizer(text).input_ids) for text in PROMPTS]
    greedy = generate_batch(model, tokenizer, prompts, max_new_tokens=12)
    for how in (Narrowing(top_k=1), Narrowing(top_k=None, top_p=1e-6)):
        assert generate_batch(model, tokenizer, prompts, max_new_tokens=12, sampling=how, seeds=range(6)) == greedy


def test_equal_prompts_are_read_once(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokenizer = pair
    read: list[tuple[int, ...]] = []
    forward = model.forward

    def noted(*args: Any, **options: Any) -> Any:
        read.append(tuple(options["input_ids"].shape))
        return forward(*args, **options)

    monkeypatch.setattr(model, "forward", noted)
    monkeypatch.setattr("rantau.model.steps._keeps_last", lambda model: False)
    prompt = list(tokenizer(PROMPTS[1]).input_ids)
    generate_batch(model, tokenizer, [prompt] * 5, max_new_tokens=3, sampling=Narrowing(), seeds=range(5))
    assert read[0] == (1, len(prompt))
    assert all(columns == 1 for _, columns in read[1:])


def test_the_global_generators_are_left_alone(pair: Any) -> None:
    import torch

    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    generate_batch(*pair, [[10, 20]], max_new_tokens=4, sampling=Narrowing(), seeds=[1])
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpy_before  # type: ignore[union-attr]


@pytest.mark.parametrize("how", [{"temperature": 0.0}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_impossible_choices_are_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="must be above 0"):
        Narrowing(**how)
