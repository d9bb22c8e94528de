"""Arithmetic of a token against the published shapes, and against figures computed by hand."""

import pytest
from bench.flops import Shape, flops_per_token, mfu, peak_flops, shape_of
from bench.gpu.cases import CASES, config_of

LLAMA_8B = Shape(linear=6_979_321_856, head=525_336_576, layers=32, width=4096)


def test_shapes_are_those_of_the_published_models() -> None:
    assert shape_of(config_of("llama-3-8b-instruct")) == LLAMA_8B
    one = shape_of(config_of("llama-3.2-1b-instruct"))  # tied: the head's weights are still multiplied with
    assert one == Shape(linear=973_078_528, head=262_668_288, layers=16, width=2048)
    qwen = shape_of(config_of("qwen3-8b"))
    assert (qwen.layers, qwen.width, qwen.head) == (36, 4096, 151_936 * 4096)


@pytest.mark.parametrize(
    ("shape", "seq", "recompute", "tokens_per_s"),
    [
        ("llama-3-8b-instruct", 4096, False, 29_750),
        ("llama-3-8b-instruct", 4096, True, 20_050),
        ("llama-3.2-1b-instruct", 2048, False, 185_000),
    ],
)
def test_the_whole_peak_is_what_others_computed(
    shape: str, seq: int, recompute: bool, tokens_per_s: float
) -> None:
    flops = flops_per_token(shape_of(config_of(shape)), seq, recompute=recompute)
    assert 989e12 / flops == pytest.approx(tokens_per_s, rel=0.005)
    assert mfu(tokens_per_s / 2, flops, 989e12) == pytest.approx(0.5, rel=0.005)


def test_logits_where_they_are_learnt_cost_less() -> None:
    everywhere, nowhere = flops_per_token(LLAMA_8B, 0), flops_per_token(LLAMA_8B, 0, head_share=0)
    assert everywhere == 4 * LLAMA_8B.n
    assert nowhere == 4 * LLAMA_8B.linear
    assert flops_per_token(LLAMA_8B, 0, head_share=0.25) == nowhere + LLAMA_8B.head


def test_peaks_by_name() -> None:
    assert peak_flops("NVIDIA H200") == peak_flops("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops("NVIDIA H100 PCIe") == 756e12
    assert peak_flops("NVIDIA H100 NVL") == peak_flops("NVIDIA H200 NVL") == 835e12
    assert peak_flops("NVIDIA GeForce RTX 4090") == 165.2e12
    assert peak_flops("NVIDIA GeForce RTX 4090 Laptop GPU") is None
    assert peak_flops("cpu") is None and mfu(1.0, 1.0, None) is None


def test_every_case_names_a_shape_that_is_there() -> None:
    for case in CASES:
        assert config_of(case.shape).num_hidden_layers > 0
        assert case.rows % case.micro_batch == 0
