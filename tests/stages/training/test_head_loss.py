"""The loss made beside its gradient equals cross-entropy on all logits; where it cannot be used it is not."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rantau.stages.training import head_loss
from rantau.stages.training.head_loss import can_fuse, learn_what_follows, nats_at_head
from rantau.stages.training.loss import NOT_LEARNT, summed_nats
from tests.stages.training.architectures import VOCABULARY, build

N, HIDDEN = 23, 12


@pytest.mark.parametrize("at_once", [1, 5 * VOCABULARY, 2**24])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-10), (torch.float32, 1e-4), (torch.bfloat16, 0.3)])
def test_loss_and_gradient(dtype: torch.dtype, atol: float, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(head_loss.LOGITS_AT_ONCE, "cpu", at_once)
    draw = torch.Generator().manual_seed(3)
    weight = torch.randn(VOCABULARY, HIDDEN, generator=draw).to(dtype)
    targets = torch.randint(VOCABULARY, (N,), generator=draw)
    start = 4 * torch.randn(N, HIDDEN, generator=draw).to(dtype)
    one, other = (start.clone().requires_grad_() for _ in range(2))
    found = nats_at_head(one, weight, targets) / 7
    logits = other @ weight.t()
    expected = torch.nn.functional.cross_entropy(
        logits.float() if dtype == torch.bfloat16 else logits, targets, reduction="sum"
    ) / 7  # fmt: skip
    found.backward()
    expected.backward()
    assert one.grad is not None and other.grad is not None
    with torch.no_grad():  # as a measurement does
        torch.testing.assert_close(nats_at_head(one, weight, targets) / 7, expected.detach(), atol=atol, rtol=0)
    assert found.dtype == expected.dtype and one.grad.dtype == dtype
    torch.testing.assert_close(found, expected, atol=atol, rtol=0)
    torch.testing.assert_close(one.grad, other.grad, atol=atol, rtol=1e-2 if dtype == torch.bfloat16 else 1e-5)


def test_gradients_by_finite_differences() -> None:
    draw = torch.Generator().manual_seed(4)
    weight = torch.randn(7, 5, generator=draw, dtype=torch.float64)
    hidden = torch.randn(3, 5, generator=draw, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0, 6, 2])
    assert torch.autograd.gradcheck(lambda h: nats_at_head(h, weight, targets), (hidden,))


def test_no_position_and_huge_logits_are_no_trouble() -> None:
    weight = torch.eye(4)
    none = torch.empty(0, 4, requires_grad=True)
    nats_at_head(none, weight, torch.empty(0, dtype=torch.long)).backward()
    huge = torch.tensor([[1e4, 0.0, 0.0, 0.0]], requires_grad=True)
    assert float(nats_at_head(huge, weight, torch.tensor([0])).detach()) == 0.0
    loss = nats_at_head(huge, weight, torch.tensor([1]))
    loss.backward()
    assert float(loss.detach()) == 1e4 and huge.grad is not None and huge.grad.tolist() == [[1.0, -1.0, 0.0, 0.0]]


def batch() -> dict[str, torch.Tensor]:
    ids = torch.arange(2, 22).reshape(2, 10)
    labels = ids.masked_fill(ids % 3 == 0, NOT_LEARNT)
    labels[:, 0] = NOT_LEARNT
    return {"input_ids": ids, "labels": labels}


def frozen(name: str = "qwen3") -> Any:
    """A model whose head is frozen, as an adapter leaves it."""
    model = build(name)
    model.lm_head.weight.requires_grad_(False)
    learn_what_follows(model, model.lm_head)
    return model


def gradients(model: Any) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    loss = summed_nats(model, batch(), model.get_output_embeddings())
    loss.backward()
    return float(loss.detach()), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("name", ["qwen3", "olmo"])
def test_a_frozen_head_gives_the_loss_of_a_model_that_makes_all_logits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = frozen(name)
    assert can_fuse(model.lm_head)
    loss, found = gradients(model)
    with torch.no_grad():
        assert float(summed_nats(model, batch(), model.lm_head)) == pytest.approx(loss, abs=1e-10)
    monkeypatch.setattr(head_loss, "can_fuse", lambda head: False)
    reference, expected = gradients(model)
    assert loss == pytest.approx(reference, abs=1e-10) and set(found) == set(expected)
    for parameter, gradient in expected.items():
        torch.testing.assert_close(found[parameter], gradient, atol=1e-10, rtol=1e-8)
    assert model(batch()["input_ids"]).logits.shape == (2, 10, VOCABULARY)  # the head is left as it was


def test_a_model_that_changes_its_logits_afterwards_is_found_out() -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    config = Gemma2Config(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=8, final_logit_softcapping=2.0, attn_logit_softcapping=None,
        tie_word_embeddings=False, attn_implementation="eager",
    )  # fmt: skip
    model = Gemma2ForCausalLM(config).double()
    model.lm_head.weight.requires_grad_(False)
    model.lm_head.weight.mul_(100)
    before = torch.get_rng_state()
    learn_what_follows(model, model.lm_head)
    assert not can_fuse(model.lm_head) and torch.equal(before, torch.get_rng_state()) and model.training
    loss, _ = gradients(model)
    given = batch()
    logits = model(given["input_ids"]).logits[:, :-1].flatten(0, 1)
    expected = torch.nn.functional.cross_entropy(logits, given["labels"][:, 1:].flatten(), reduction="sum")
    assert loss == pytest.approx(float(expected.detach()), abs=1e-5)


@pytest.mark.parametrize(
    "head",
    [
        torch.nn.Linear(3, 4, bias=False),
        torch.nn.Linear(3, 4, bias=True).requires_grad_(False),
        torch.nn.Linear(3, 4, bias=False).half().requires_grad_(False),
    ],
    ids=["learns", "bias", "float16"],
)
def test_a_head_that_learns_or_is_no_plain_layer_is_not_fused(head: torch.nn.Module) -> None:
    learn_what_follows(torch.nn.Module(), head)  # the model is not even asked
    assert not can_fuse(head)
