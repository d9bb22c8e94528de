"""A GGUF file held against the merged model that it was made of: llama.cpp answers the same prompts."""

from __future__ import annotations

from pathlib import Path

from rantau.run.progress import Progress
from rantau.stages.export.agreement import Agreement, Expected, compare, refuse_wrong
from rantau.stages.export.gguf.kinds import KINDS
from rantau.stages.export.gguf.llamacpp import Loaded

INSTEAD = "Take a kind with more bits, or leave export.gguf empty."


def check_gguf(path: Path, kind: str, expected: Expected, progress: Progress, *, threads: int) -> Agreement:
    """Raises   ModelError if llama.cpp reads a prompt as other tokens, or names too seldom the same next token"""
    with Loaded(path, threads=threads) as loaded:
        found = compare(loaded, kind, expected, progress, f"export: ask llama.cpp ({kind})")
    refuse_wrong(path.name, "llama.cpp", found, least=KINDS[kind].least_agreement, instead=INSTEAD)
    return found
