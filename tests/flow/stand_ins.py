"""Stand-ins for what the seeds' recipes name: small local rows, and tiny models of the same architecture."""

import random
from pathlib import Path
from typing import Any

from rantau import files
from tests.flow.small import ROOT, sentence
from tests.tiny import build_tiny_tokenizer

SUBSETS = "indo_puisi wikihow wikipedia_id safety_prompt identity_prompt dolly".split()
LLAMA3 = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 2048,
}  # fmt: skip


def tiny_model(folder: Path, kind: str) -> Path:
    """Two layers of Qwen3, OLMo or Llama 3 with random weights, and a tokenizer of about 400 tokens."""
    import torch
    import transformers as t

    tokenizer = build_tiny_tokenizer(LLAMA3 if kind == "llama" else ())
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    shape: dict[str, Any] = {**SHAPE, **ends, "vocab_size": len(tokenizer)}
    if kind == "olmo":
        shape |= {"num_key_value_heads": 4, "tie_word_embeddings": True}
    config, model = {
        "qwen3": (t.Qwen3Config, t.Qwen3ForCausalLM),
        "olmo": (t.OlmoConfig, t.OlmoForCausalLM),
        "llama": (t.LlamaConfig, t.LlamaForCausalLM),
    }[kind]
    if kind == "qwen3":
        shape |= {"head_dim": 32}  # as in Qwen3-8B the heads together are wider than the model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model(config(**shape)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_texts(folder: Path, names: list[str]) -> None:
    """<name>.jsonl with running Indonesian text, every fifth document longer than a row."""
    for number, name in enumerate(names):
        draw = random.Random(number)
        lengths = [14 if i % 5 == 0 else 2 for i in range(60)]
        rows = ({"text": " ".join(sentence(draw) for _ in range(n))} for n in lengths)
        files.write_jsonl(folder / f"{name}.jsonl", rows)


def write_cendol(folder: Path, n: int = 120) -> None:
    """cendol.jsonl: the starter set's rows under the names of six Cendol subsets."""
    rows = list(files.read_jsonl(ROOT / "recipes" / "data" / "starter_ind.jsonl"))[:n]
    files.write_jsonl(folder / "cendol.jsonl", ({**r, "subset_name": SUBSETS[i % 6]} for i, r in enumerate(rows)))


PLACES = "서울 부산 대구 인천 광주 대전 울산 세종 수원 창원 전주 청주 포항 제주 강릉 춘천".split()
THINGS = "역사 음식 날씨 교통 문화 경제 교육 건축 음악 시장 공원 도서관 박물관 축제 대학교 지하철".split()


def write_korean(folder: Path, n: int = 60) -> None:
    """kocommercial.jsonl: instructions and answers in Korean, no two with eight words in a row that are equal."""
    pairs = [(place, thing) for place in PLACES for thing in THINGS]
    random.Random(3).shuffle(pairs)
    rows = [
        {
            "instruction": f"{place}의 {thing}에 대해 자세히 설명해 주세요.",
            "input": "",
            "output": f"{place}의 {thing}은 오랜 시간 동안 {place} 사람들의 사랑을 받아 왔으며, 오늘날에도 "
            f"{thing}을 보러 {place}를 찾는 사람이 {number}만 명이 넘는다고 합니다.",
        }
        for number, (place, thing) in enumerate(pairs[:n], start=2)
    ]
    files.write_jsonl(folder / "kocommercial.jsonl", rows)
