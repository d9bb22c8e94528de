"""Usage: code that loads the bundle with plain Transformers and PEFT."""

from __future__ import annotations

from rantau.recipe import Recipe
from rantau.stages.report.wording import ENGLISH, Wording

PACKAGE = "package:"
DTYPES = {"float32": "torch.float32", "bfloat16": "torch.bfloat16", "float16": "torch.float16"}


def usage(recipe: Recipe, words: Wording = ENGLISH) -> str:
    """Python that answers one prompt with the adapter in the folder of the card; comments in its language."""
    needs_find, rounded = recipe.model.base.startswith(PACKAGE), is_made_for_nf4(recipe)
    lines = [
        *(["from importlib.util import find_spec", ""] if needs_find else []),
        "import torch",
        "from peft import PeftModel",
        f"from transformers import AutoModelForCausalLM, AutoTokenizer{', BitsAndBytesConfig' if rounded else ''}",
        "",
        f'bundle = "."  # {words("usage.folder")}',
        *_base(recipe),
        *_merged(recipe),
        "tokenizer = AutoTokenizer.from_pretrained(bundle)",
        *_new_rows(recipe),
        "model = PeftModel.from_pretrained(base, bundle).eval()",
        "",
        *_inputs(recipe, words),
        "with torch.inference_mode():",
        f"    output = model.generate(**inputs, max_new_tokens={_answer_tokens(recipe)}, do_sample=False)",
        'answer = output[0, inputs["input_ids"].shape[1]:]',
        "print(tokenizer.decode(answer, skip_special_tokens=True))",
    ]
    return "\n".join(lines)


def is_made_for_nf4(recipe: Recipe) -> bool:
    """Whether the adapter also holds what the base lost in 4 bits (LoftQ), and so fits the rounded base alone."""
    return any(recipe.adapter_of(phase).init == "loftq" for phase in recipe.phases)


def _base(recipe: Recipe) -> list[str]:
    """Lines that make `base`: from a hub id or folder, a .gguf file, or a file in a Python package."""
    model = recipe.model
    options = [f"dtype={DTYPES[model.dtype]}"]
    rounding = _rounding(recipe)
    if model.revision:
        options.insert(0, f"revision={model.revision!r}")
    if model.allow_custom_code == model.base:
        options.append("trust_remote_code=True")
    where, _, name = model.base.removeprefix(PACKAGE).rpartition("/")
    if model.base.startswith(PACKAGE):
        module, _, inside = where.partition("/")
        tail = f' + "/{inside}"' if inside else ""
        lines = [f'folder = find_spec("{module}").submodule_search_locations[0]{tail}']
        return [*lines, *_load_gguf("folder", [f'gguf_file="{name}"', *options], rounding)]
    if name.endswith(".gguf"):
        return _load_gguf(f'"{where or "."}"', [f'gguf_file="{name}"', *options], rounding)
    return [*rounding, *_load(f'"{model.base}"', [*options, *_if_rounded(rounding)])]


def _rounding(recipe: Recipe) -> list[str]:
    """Lines that make `nf4`, the rounding for which the adapter was made; none where it fits the base as it is."""
    if not is_made_for_nf4(recipe):
        return []
    return [
        "nf4 = BitsAndBytesConfig(",
        '    load_in_4bit=True, bnb_4bit_quant_type="nf4",',
        f"    bnb_4bit_use_double_quant={recipe.model.double_quantisation},",
        f"    bnb_4bit_compute_dtype={DTYPES[recipe.model.dtype]},",
        ")",
    ]


def _if_rounded(rounding: list[str]) -> list[str]:
    return ["quantization_config=nf4"] if rounding else []


def _load_gguf(place: str, options: list[str], rounding: list[str]) -> list[str]:
    """transformers does not round what it reads from a .gguf file: it is written out as a folder first."""
    loaded = _load(place, options)
    if not rounding:
        return loaded
    return [
        *loaded,
        'base.save_pretrained("base")',
        *rounding,
        *_load('"base"', [*options[1:], *_if_rounded(rounding)]),
    ]


def _new_rows(recipe: Recipe) -> list[str]:
    """Room for the words that were added to the tokenizer; their rows come with the adapter."""
    if not recipe.vocabulary.extend:
        return []
    return [
        "rows = max(base.get_input_embeddings().weight.shape[0], len(tokenizer))",
        "base.resize_token_embeddings(rows, mean_resizing=False)",
    ]


def _merged(recipe: Recipe) -> list[str]:
    """The adapter that belongs to the base, merged into it as it was for the training."""
    if not recipe.model.adapter:
        return []
    return [f"base = PeftModel.from_pretrained(base, {recipe.model.adapter!r}).merge_and_unload()"]


def _load(place: str, options: list[str]) -> list[str]:
    return [f"base = AutoModelForCausalLM.from_pretrained({', '.join([place, *options])})"]


def _inputs(recipe: Recipe, words: Wording) -> list[str]:
    if all(phase.kind == "cpt" for phase in recipe.phases):
        return [f'inputs = tokenizer("...", return_tensors="pt")  # {words("usage.beginning")}']
    system = recipe.formatting.system_prompt
    lines = [f'    {{"role": "system", "content": {_quoted(system)}}},'] if system else []
    return [
        "messages = [",
        *lines,
        f'    {{"role": "user", "content": "..."}},  # {words("usage.question")}',
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
