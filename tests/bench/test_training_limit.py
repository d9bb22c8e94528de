"""Sorting of operators, arithmetic of the limit, and a real profile of a tiny model."""

import pytest
from bench.flops import Shape
from bench.training.gemm import Layer, Rate, layers_of, measure, overall_flops_per_s, pass_seconds
from bench.training.limit import limits, pass_sizes
from bench.training.profile import ADAPTER, ATTENTION, HEAD, LINEAR, OPTIMISER, POINTWISE, REST, Profile, kind_of


@pytest.mark.parametrize(
    ("name", "shapes", "kind"),
    [
        ("aten::mm", [[300, 576], [576, 1536]], LINEAR),
        ("aten::mm", [[300, 576], [576, 16]], ADAPTER),
        ("aten::mm", [[16, 300], [300, 576]], ADAPTER),
        ("aten::mm", [[40, 576], [576, 49152]], HEAD),
        ("aten::_log_softmax", [[40, 49152], [], []], HEAD),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", [[1, 9, 300, 64]], ATTENTION),
        ("aten::silu", [[1, 300, 1536]], POINTWISE),
        ("aten::_fused_adamw_", [[], []], OPTIMISER),
        ("aten::_foreach_norm", [[], []], OPTIMISER),
        ("Optimizer.step#AdamW.step", [], OPTIMISER),
        ("autograd::engine::evaluate_function: MmBackward0", [], REST),
    ],
)
def test_operators_are_sorted(name: str, shapes: list[list[int]], kind: str) -> None:
    assert kind_of(name, shapes, rank=16, vocabulary=49152) == kind


def test_seconds_of_a_pass_are_the_sum_over_layers() -> None:
    up, head = Layer("up", 10, 20, 3), Layer("head", 10, 100, 1)
    rates = [Rate(up, 5, 1.0, 2.0, 0.5), Rate(head, 2, 4.0, 4.0, 0.0)]
    assert pass_seconds(rates, with_adapter=False) == 3 * 3.0 + 8.0
    assert pass_seconds(rates, with_adapter=True) == 3 * 3.5 + 8.0
    assert up.flops(5) == 2 * 5 * 10 * 20 * 3
    assert overall_flops_per_s(rates) == pytest.approx(2 * (6000 + 4000) / 17.0)
    assert rates[0].gflops == pytest.approx((2000 / 1e9, 1000 / 1e9))


def test_limits_are_told_with_rantaus_share() -> None:
    rates = [Rate(Layer("up", 10, 20, 1), 100, 0.5, 0.5, 1.0)]
    found = limits(Shape(linear=200, head=0, layers=1, width=1), {100: rates}, 25.0)
    assert [row["tokens/s"] for row in found] == pytest.approx([100.0, 100.0, 50.0])
    assert [row["share"] for row in found] == ["25.0%", "25.0%", "50.0%"]
    assert limits(Shape(200, 0, 1, 1), {100: rates}, None)[0]["rantau tokens/s"] == "not measured"


def test_typical_passes_reach_from_the_shortest_to_the_longest() -> None:
    found = Profile(passes=[(n, 10, n) for n in range(1, 12)])
    assert pass_sizes(found) == [(10, 1), (30, 3), (60, 6), (90, 9), (110, 11)]
    assert pass_sizes(Profile(passes=[(2, 7, 3)])) == [(14, 3)]


def test_layers_are_counted_with_their_weights() -> None:
    from bench.flops import shape_of
    from bench.gpu.cases import config_of

    config = config_of("llama-3.2-1b-instruct")
    layers, head = layers_of(config)
    shape = shape_of(config)
    assert sum(one.n_in * one.n_out * one.count for one in layers) == shape.linear
    assert head.n_in * head.n_out == shape.head
    assert {one.name: one.count for one in layers}["down_proj"] == 16


def test_products_are_really_measured() -> None:
    rate = measure(Layer("up", 16, 32, 2), 8, rank=4)
    assert 0 < rate.forward_s < 0.1 and 0 < rate.backward_s < 0.1 and 0 < rate.adapter_s < 0.1
