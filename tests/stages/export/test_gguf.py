"""GGUF files hold the merged model: read by transformers, by the gguf package, and by llama.cpp where it is."""

import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from rantau import files
from rantau.errors import MachineError, ModelError
from rantau.recipe import Export
from rantau.run.progress import Progress
from rantau.stages.export.formats import read_tokenizer, write_gguf
from rantau.stages.export.gguf import kinds, llamacpp, write
from rantau.stages.export.gguf.architecture import architecture_of, rope_factors, rope_of
from rantau.stages.export.gguf.split import split_name
from rantau.stages.export.gguf.tensors import paired
from rantau.stages.export.gguf.vocabulary import read_vocabulary
from tests.stages.export.small_models import LLAMA3_ROPE, NAMES, build

QUIET = Progress(quiet=True)
needs_llama_cpp = pytest.mark.skipif(
    not kinds.llama_cpp_installed(), reason="llama.cpp is not installed: pip install 'rantau[gguf]'"
)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("llama") / "merged", "llama")


@pytest.fixture
def no_llama_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (kinds, write):
        monkeypatch.setattr(place, "llama_cpp_installed", lambda: False)


def gguf(merged: Path, folder: Path, *asked: str, **options: Any) -> list[Any]:
    given = {"name": "tiny", "system": None, "threads": 1, "progress": QUIET} | options
    return write_gguf(folder, merged, asked, **given)


def fields(path: Path) -> dict[str, Any]:
    from gguf import GGUFReader

    return {name: field.contents() for name, field in GGUFReader(path).fields.items()}


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([[5, 60, 7, 80, 9, 200, 11, 12]])).logits


@pytest.mark.parametrize(("kind", "allowed"), [("f32", 1e-5), ("f16", 2e-2), ("bf16", 2e-1), ("q8_0", 2e-1)])
def test_transformers_reads_the_file_as_the_merged_model(
    llama: Path, tmp_path: Path, no_llama_cpp: None, kind: str, allowed: float
) -> None:
    """Rows of queries and keys come back in order: transformers undoes what llama.cpp wants."""
    import torch
    from transformers import AutoModelForCausalLM

    gguf(llama, tmp_path / "gguf", kind)
    there = AutoModelForCausalLM.from_pretrained(llama)
    back = AutoModelForCausalLM.from_pretrained(
        tmp_path / "gguf", gguf_file=f"tiny-{kind}.gguf", dtype=torch.float32
    )
    difference = (logits(back) - logits(there)).abs().max()
    assert difference <= allowed, difference
    assert logits(there).abs().max() > 5, "a model that says nothing would agree with anything"


def test_sizes_and_tokenizer_stand_in_the_head(llama: Path, tmp_path: Path, no_llama_cpp: None) -> None:
    gguf(llama, tmp_path / "gguf", "q8_0")
    found, tokenizer = fields(tmp_path / "gguf" / "tiny-q8_0.gguf"), read_tokenizer(llama)
    assert found["general.architecture"] == "llama" and found["general.name"] == "tiny"
    assert found["general.file_type"] == 7 and found["llama.block_count"] == 2
    assert (found["llama.attention.head_count"], found["llama.attention.head_count_kv"]) == (4, 2)
    assert found["llama.rope.dimension_count"] == 16 and found["llama.context_length"] == 256
    assert found["tokenizer.ggml.model"] == "gpt2" and found["tokenizer.ggml.pre"] == "gpt-2"
    tokens, types = found["tokenizer.ggml.tokens"], found["tokenizer.ggml.token_type"]
    assert tokens == [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))]
    assert {tokens[i] for i, kind in enumerate(types) if kind == 3} == {
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|padding|>"
    }  # fmt: skip
    assert found["tokenizer.ggml.eos_token_id"] == tokenizer.eos_token_id
    assert found["tokenizer.ggml.bos_token_id"] == tokenizer.bos_token_id
    assert found["tokenizer.ggml.padding_token_id"] == tokenizer.pad_token_id
    assert found["tokenizer.ggml.add_bos_token"] is False and "tokenizer.ggml.eot_token_id" not in found
    assert found["tokenizer.chat_template"] == tokenizer.chat_template
    merges = json.loads((llama / "tokenizer.json").read_text())["model"]["merges"]
    assert found["tokenizer.ggml.merges"] == [" ".join(pair) for pair in merges]


def test_rows_past_the_last_token_are_marked_as_unused(tmp_path: Path, no_llama_cpp: None) -> None:
    merged = build(tmp_path / "merged", "llama", rows=448)
    tokenizer = read_tokenizer(merged)
    found = read_vocabulary(tokenizer, n_rows=448)
    assert len(found.tokens) == len(set(found.tokens)) == 448
    assert found.kinds[len(tokenizer) :] == [5] * (448 - len(tokenizer)) and 5 not in found.kinds[: len(tokenizer)]
    with pytest.raises(ModelError, match="has token 399, but the model's embedding ends at 99"):
        read_vocabulary(tokenizer, n_rows=100)


def test_words_added_to_the_tokenizer_are_read_before_text_is_cut(llama: Path) -> None:
    tokenizer = read_tokenizer(llama)
    tokenizer.add_tokens([" penduduknya"])
    found = read_vocabulary(tokenizer, n_rows=len(tokenizer))
    assert found.tokens[-1] == " penduduknya" and found.kinds[-1] == 4


def test_begin_of_text_and_a_second_end_are_told(llama: Path, tmp_path: Path, no_llama_cpp: None) -> None:
    import shutil

    from tokenizers.processors import TemplateProcessing

    merged = shutil.copytree(llama, tmp_path / "merged")
    tokenizer = read_tokenizer(merged)
    start = tokenizer.convert_tokens_to_ids("<|im_start|>")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", start)]
    )
    tokenizer.eos_token = "<|endoftext|>"
    tokenizer.save_pretrained(merged)
    ends = [tokenizer.convert_tokens_to_ids(t) for t in ("<|endoftext|>", "<|im_end|>")]
    files.write_json(merged / "generation_config.json", {"eos_token_id": ends})
    gguf(merged, tmp_path / "gguf", "f16")
    found = fields(tmp_path / "gguf" / "tiny-f16.gguf")
    assert found["tokenizer.ggml.add_bos_token"] is True
    assert found["tokenizer.ggml.eos_token_id"] == ends[0] and found["tokenizer.ggml.eot_token_id"] == ends[1]
    stops = [line for line in (tmp_path / "gguf" / "Modelfile").read_text().splitlines() if "PARAMETER" in line]
    assert stops == ['PARAMETER stop "<|endoftext|>"', 'PARAMETER stop "<|im_end|>"']


def test_rows_are_paired_within_each_head() -> None:
    import numpy as np

    rows = np.arange(8)[:, None] * np.ones((1, 3))
    assert paired(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert paired(np.arange(6), 1).tolist() == [0, 3, 1, 4, 2, 5]


def test_llama3_factors_are_those_of_transformers() -> None:
    import torch
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    config = LlamaConfig(hidden_size=256, num_attention_heads=4, rope_parameters=LLAMA3_ROPE)
    stretched, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    plain = 1.0 / 10000.0 ** (torch.arange(0, 64, 2) / 64)
    factors = rope_factors({**config.to_dict(), "hidden_size": 256, "num_attention_heads": 4})
    assert torch.allclose(plain / torch.tensor(factors), stretched, rtol=1e-5)
    assert rope_factors({"hidden_size": 64, "num_attention_heads": 4}) is None


def test_what_cannot_be_written_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="GemmaForCausalLM is not written here"):
        architecture_of({"architectures": ["GemmaForCausalLM"]})
    odd = {"architectures": ["LlamaForCausalLM"], "rope_scaling": {"type": "dynamic", "factor": 2.0}}
    assert rope_of(odd)["rope_type"] == "dynamic"
    with pytest.raises(ModelError, match="rotary positions of the kind dynamic"):
        architecture_of(odd)


LLAMA3_CUT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN2_CUT = LLAMA3_CUT.replace("{1,3}", "")


def cut_by(pattern: str, *, whole_words: bool = False) -> dict[str, Any]:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    pre = {"type": "Sequence", "pretokenizers": [split, level]}
    return {"model": {"type": "BPE", "ignore_merges": whole_words}, "pre_tokenizer": pre}


def test_the_cut_of_text_has_llama_cpps_name() -> None:
    level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    digits = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]}
    assert split_name({"model": {"type": "BPE"}, "pre_tokenizer": level}) == "gpt-2"
    assert split_name({"model": {"type": "BPE"}, "pre_tokenizer": digits}) == "smollm"
    assert split_name(cut_by(LLAMA3_CUT, whole_words=True)) == "llama-bpe"
    assert split_name(cut_by(LLAMA3_CUT)) == "dbrx"
    assert split_name(cut_by(QWEN2_CUT)) == "qwen2"
    for spec in (
        cut_by(QWEN2_CUT, whole_words=True),
        {"model": {"type": "BPE", "ignore_merges": True}, "pre_tokenizer": level},
    ):
        with pytest.raises(ModelError, match=r"as vocabulary\.extend makes it do; llama\.cpp does not"):
            split_name(spec)
    with pytest.raises(ModelError, match="cuts text by Split, ByteLevel in a way that has no name"):
        split_name(cut_by("a|b"))
    with pytest.raises(ModelError, match="not byte-level BPE"):
        split_name({"model": {"type": "BPE", "byte_fallback": True}, "pre_tokenizer": None})


def test_small_kinds_need_llama_cpp_and_say_so_first(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_llama_cpp: None
) -> None:
    def untouched(*_: Any) -> None:
        raise AssertionError("work began")

    monkeypatch.setattr(write, "write_gguf", untouched)
    with pytest.raises(
        MachineError, match=r"GGUF q4_k_m is made by llama\.cpp, which is not installed\. Run: pip"
    ):
        gguf(llama, tmp_path / "gguf", "q8_0", "q4_k_m")
    assert not (tmp_path / "gguf").exists()


def test_equal_models_give_equal_bytes(llama: Path, tmp_path: Path, no_llama_cpp: None) -> None:
    for name in ("one", "two"):
        gguf(llama, tmp_path / name, "f16", "q8_0", system="Jawab singkat.")
    assert files.sha256_folder(tmp_path / "one") == files.sha256_folder(tmp_path / "two")
    modelfile = (tmp_path / "one" / "Modelfile").read_text()
    assert modelfile.startswith("FROM ./tiny-f16.gguf\n# or: FROM ./tiny-q8_0.gguf\n")
    assert (
        'SYSTEM """Jawab singkat."""' in modelfile and files.read_json(tmp_path / "one" / "agreement.json") == []
    )


@needs_llama_cpp
@pytest.mark.parametrize("name", NAMES)
def test_llama_cpp_says_what_transformers_says(name: str, tmp_path: Path) -> None:
    (found,) = gguf(build(tmp_path / "merged", name, rows=448), tmp_path / "gguf", "f32")
    assert found.same_tokens == found.n_prompts == 8
    assert found.same_top == 1.0 and found.same_greedy == 8 and found.largest_difference < 1e-3
    assert [one.transformers for one in found.continuations] == [one.found for one in found.continuations]
    told = files.read_json(tmp_path / "gguf" / "agreement.json")[0]["continuations"]
    assert told[1]["prompt"] == "Ibu kota Indonesia adalah" and len(told) == 8 and any(t["found"] for t in told)


@needs_llama_cpp
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_llama_cpp_quantises_unrounded_weights(dtype: str, tmp_path: Path) -> None:
    found = gguf(build(tmp_path / "merged", "llama", dtype=dtype), tmp_path / "gguf", "q5_k_m", "q4_k_m")
    assert [one.kind for one in found] == ["q5_k_m", "q4_k_m"]
    assert fields(tmp_path / "gguf" / "tiny-q4_k_m.gguf")["general.file_type"] == 15
    assert sorted(p.name for p in (tmp_path / "gguf").iterdir()) == [
        "Modelfile", "agreement.json", "tiny-q4_k_m.gguf", "tiny-q5_k_m.gguf",
    ]  # fmt: skip


@needs_llama_cpp
def test_a_file_with_heads_out_of_order_is_refused(
    tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rantau.stages.export.gguf import tensors

    monkeypatch.setattr(tensors, "paired", lambda rows, heads: rows)
    with pytest.raises(ModelError, match=r"most likely next token as in transformers; 97 % is the least for f32"):
        gguf(llama, tmp_path / "gguf", "f32")
    assert not (tmp_path / "gguf").exists()


def test_files_that_nobody_checked_are_told(llama: Path, tmp_path: Path, no_llama_cpp: None) -> None:
    said = io.StringIO()
    gguf(llama, tmp_path / "gguf", "f16", progress=Progress(said))
    assert "the GGUF files are not checked: llama.cpp is not installed. Run: pip install" in said.getvalue()


@needs_llama_cpp
def test_words_added_to_a_tokenizer_of_llama_3_are_read_whole(tmp_path: Path) -> None:
    """As vocabulary.extend adds them: an entry without merges, looked up before pieces are joined."""
    merged = build(tmp_path / "merged", "llama", rows=448)
    spec, like = files.read_json(merged / "tokenizer.json"), cut_by(LLAMA3_CUT, whole_words=True)
    spec["pre_tokenizer"], spec["model"]["ignore_merges"] = like["pre_tokenizer"], True
    spec["model"]["vocab"] |= {"Ġmenanam": len(read_tokenizer(merged)), "Ġadalah": len(read_tokenizer(merged)) + 1}
    files.write_json(merged / "tokenizer.json", spec)
    ids = read_tokenizer(merged)("Jelaskan cara menanam padi").input_ids
    assert spec["model"]["vocab"]["Ġmenanam"] in ids
    (found,) = gguf(merged, tmp_path / "gguf", "f32")
    assert found.same_tokens == 8 and found.same_top == 1.0
    with llamacpp.Loaded(tmp_path / "gguf" / "tiny-f32.gguf", threads=1) as loaded:
        assert loaded.tokens("Jelaskan cara menanam padi") == ids


def test_a_recipe_may_ask_for_every_kind_and_no_other() -> None:
    (kind,) = get_args(Export.model_fields["gguf"].annotation)
    assert set(get_args(kind)) == set(kinds.KINDS)


@needs_llama_cpp
def test_our_q8_0_is_that_of_llama_cpp(llama: Path, tmp_path: Path) -> None:
    import numpy as np
    from gguf import GGUFReader

    gguf(llama, tmp_path / "gguf", "f32", "q8_0")
    theirs = tmp_path / "theirs.gguf"
    llamacpp.quantise(
        tmp_path / "gguf" / "tiny-f32.gguf", theirs, file_type=kinds.KINDS["q8_0"].file_type, threads=1
    )
    here, there = (
        {t.name: (t.tensor_type, np.asarray(t.data)) for t in GGUFReader(path).tensors}
        for path in (tmp_path / "gguf" / "tiny-q8_0.gguf", theirs)
    )
    assert here.keys() == there.keys()
    assert all(here[n][0] == there[n][0] and np.array_equal(here[n][1], there[n][1]) for n in here)


def test_the_kinds_of_command_recipe_and_writer_are_the_same() -> None:
    from typing import get_args

    from rantau.cli.export import KINDS
    from rantau.recipe import Export

    (of_the_recipe,) = get_args(Export.model_fields["gguf"].annotation)
    assert set(KINDS) == set(kinds.KINDS) == set(get_args(of_the_recipe))
