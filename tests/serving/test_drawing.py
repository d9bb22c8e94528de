"""The draw: which tokens may come, and how often, against transformers' own processors one after the other."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import LogitsProcessorList
from transformers.generation import logits_process as theirs

from rantau.serving.engines.drawing import Drawing, chance, options_of
from rantau.serving.protocol import Wish

N_TOKENS, SEEN = 50, [3, 7, 7, 11]
WISHES = [
    Wish(temperature=0.7, top_k=40, top_p=0.9, repetition_penalty=1.1),
    Wish(temperature=1.3, top_p=0.5),
    Wish(temperature=0.2, top_k=3, repetition_penalty=2.0),
    Wish(temperature=1.0, top_k=None, top_p=1.0),
    Wish(temperature=0, repetition_penalty=1.5),
    Wish(temperature=1.0, top_p=1e-6),
]


def shares_of(wish: Wish, scores: torch.Tensor) -> torch.Tensor:
    """What transformers draws from: (vocab,) float32"""
    chain = LogitsProcessorList([theirs.RepetitionPenaltyLogitsProcessor(penalty=wish.repetition_penalty)])
    if wish.temperature == 0:
        best = chain(torch.tensor([SEEN]), scores[None]).argmax(-1)
        return torch.nn.functional.one_hot(best[0], N_TOKENS).float()
    chain.append(theirs.TemperatureLogitsWarper(wish.temperature))
    if wish.top_k:
        chain.append(theirs.TopKLogitsWarper(top_k=wish.top_k))
    if wish.top_p < 1:
        chain.append(theirs.TopPLogitsWarper(top_p=wish.top_p))
    return chain(torch.tensor([SEEN]), scores[None])[0].softmax(-1)


def request(wish: Wish, place: int = 4) -> Any:
    state = SimpleNamespace(
        logit_processor_kwargs=options_of(wish, N_TOKENS), position_offset=place, initial_tokens=SEEN[:-1],
        generated_tokens=[],
    )  # fmt: skip
    return SimpleNamespace(state=state, has_new_token=True)


def drawn(drawing: Drawing, requests: list[Any], scores: torch.Tensor) -> list[int]:
    table = torch.zeros(6, 32, dtype=torch.int32)
    drawing.fill_defaults(table)
    drawing.prepare_tensor_args(requests, table)
    padded = torch.cat([scores, torch.full((2, N_TOKENS), torch.nan)])  # columns of the step without a new token
    last = torch.tensor([*[SEEN[-1]] * len(scores), 5, 6])
    left = drawing(last, padded, table[:, : len(padded)])[: len(scores)]
    assert (left > -torch.inf).sum(-1).tolist() == [1] * len(scores)
    return [int(i) for i in left.argmax(-1)]


@pytest.mark.parametrize("fixed", [False, True])
def test_draws_are_those_of_transformers(fixed: bool) -> None:
    """Seeds that are spread evenly meet every token as often as its share says."""
    scores = 2 * torch.randn(len(WISHES), N_TOKENS, generator=torch.Generator().manual_seed(1))
    drawing = Drawing(N_TOKENS, len(WISHES), torch.device("cpu"), fixed=fixed)
    expected = torch.stack([shares_of(w, s) for w, s in zip(WISHES, scores, strict=True)])
    counts, n = torch.zeros(len(WISHES), N_TOKENS), 1500
    requests = [request(w) for w in WISHES]
    for place in range(n):
        for one in requests:
            one.state.position_offset = place
        for row, token in enumerate(drawn(drawing, requests, scores)):
            counts[row, token] += 1
    assert not counts[expected == 0].any()
    spread = (expected * (1 - expected) / n).sqrt() + 1e-3
    assert ((counts / n - expected).abs() < 5 * spread).all()


def test_a_row_that_is_taken_over_remembers_nothing() -> None:
    drawing = Drawing(N_TOKENS, 1, torch.device("cpu"), fixed=False)
    scores = torch.zeros(1, N_TOKENS)
    scores[0, 5], scores[0, 9] = 1.0, 0.9
    greedy = Wish(temperature=0, repetition_penalty=1.5)
    old, new = request(greedy), request(greedy)
    old.state.generated_tokens = [5]
    assert drawn(drawing, [old], scores) == [9]
    assert drawn(drawing, [new], scores) == [5]


def test_chances_depend_on_seed_and_place_alone() -> None:
    found = [chance(seed, place) for seed in range(20) for place in range(20)]
    assert len(set(found)) == 400 and all(0 <= c < 1 for c in found) and chance(3, 4) == chance(3, 4)
    assert 0.4 < sum(found) / 400 < 0.6
