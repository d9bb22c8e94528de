"""A GGUF file of the tiny base: what llama.cpp's converter would write, weights as Q8_0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_tiny_gguf(base: Path, path: Path, *, split: str = "smollm") -> Path:
    """Writes the model in folder `base`; `split` is tokenizer.ggml.pre."""
    import gguf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(base, local_files_only=True)
    writer = gguf.GGUFWriter(path, "llama")
    _write_facts(writer, model.config)
    _write_vocabulary(writer, tokenizer, split)
    for name, tensor in model.state_dict().items():
        if name != "lm_head.weight":
            _write_tensor(writer, name, tensor.float().numpy(), model.config)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        step()
    writer.close()
    return path


def _write_facts(writer: Any, config: Any) -> None:
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _write_vocabulary(writer: Any, tokenizer: Any, split: str) -> None:
    import json

    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if t in tokenizer.all_special_tokens or t.startswith("<|") else 1 for t in tokens])
    writer.add_token_merges([" ".join(pair) for pair in backend["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _write_tensor(writer: Any, name: str, values: Any, config: Any) -> None:
    import gguf

    values = _interleaved(name, values, config)
    if values.ndim == 1:
        writer.add_tensor(_gguf_name(name), values)
    else:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(_gguf_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)


def _interleaved(name: str, values: Any, config: Any) -> Any:
    """llama.cpp turns pairs of neighbours, transformers halves of a head: q and k change their row order."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    n = next((n for key, n in heads.items() if key in name), None)
    if n is None:
        return values
    rows, columns = values.shape
    return values.reshape(n, 2, rows // n // 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()


def _gguf_name(name: str) -> str:
    plain = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if name in plain:
        return plain[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"
