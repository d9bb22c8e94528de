"""Usage: code that loads the bundle with plain Transformers and PEFT."""

from __future__ import annotations

from rantau.recipe import Recipe

PACKAGE = "package:"
DTYPES = {"float32": "torch.float32", "bfloat16": "torch.bfloat16", "float16": "torch.float16"}


def usage(recipe: Recipe) -> str:
    """Python that answers one prompt with the adapter in the folder of the card."""
    needs_find = recipe.model.base.startswith(PACKAGE)
    lines = [
        *(["from importlib.util import find_spec", ""] if needs_find else []),
        "import torch",
        "from peft import PeftModel",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        'bundle = "."  # the folder of this card',
        *_base(recipe),
        "tokenizer = AutoTokenizer.from_pretrained(bundle)",
        "model = PeftModel.from_pretrained(base, bundle).eval()",
        "",
        *_inputs(recipe),
        "with torch.inference_mode():",
        f"    output = model.generate(**inputs, max_new_tokens={_answer_tokens(recipe)}, do_sample=False)",
        'answer = output[0, inputs["input_ids"].shape[1]:]',
        "print(tokenizer.decode(answer, skip_special_tokens=True))",
    ]
    return "\n".join(lines)


def _base(recipe: Recipe) -> list[str]:
    """Lines that make `base`: from a hub id or folder, a .gguf file, or a file in a Python package."""
    model = recipe.model
    options = [f"dtype={DTYPES[model.dtype]}"]
    if model.revision:
        options.insert(0, f"revision={model.revision!r}")
    if model.allow_custom_code == model.base:
        options.append("trust_remote_code=True")
    where, _, name = model.base.removeprefix(PACKAGE).rpartition("/")
    if model.base.startswith(PACKAGE):
        module, _, inside = where.partition("/")
        tail = f' + "/{inside}"' if inside else ""
        lines = [f'folder = find_spec("{module}").submodule_search_locations[0]{tail}']
        return [*lines, *_load("folder", [f'gguf_file="{name}"', *options])]
    if name.endswith(".gguf"):
        return _load(f'"{where or "."}"', [f'gguf_file="{name}"', *options])
    return _load(f'"{model.base}"', options)


def _load(place: str, options: list[str]) -> list[str]:
    return [f"base = AutoModelForCausalLM.from_pretrained({', '.join([place, *options])})"]


def _inputs(recipe: Recipe) -> list[str]:
    if not any(phase.kind == "sft" for phase in recipe.phases):
        return ['inputs = tokenizer("...", return_tensors="pt")  # the beginning of a text']
    system = recipe.formatting.system_prompt
    lines = [f'    {{"role": "system", "content": {_quoted(system)}}},'] if system else []
    return [
        "messages = [",
        *lines,
        '    {"role": "user", "content": "..."},  # your question',
        "]",
        "inputs = tokenizer.apply_chat_template(",
        '    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"',
        ")",
    ]


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _answer_tokens(recipe: Recipe) -> int:
    prompts = recipe.evaluation.prompts
    return max(256, prompts.max_new_tokens) if prompts else 256
