"""Asking an engine: jobs, what is heard of them, and what plain greedy decoding says."""

from dataclasses import dataclass, field, replace
from typing import Any

from rantau.model.generate import generate_batch
from rantau.serving.engines import Ended, Engine, Heard
from rantau.serving.engines.prompting import prompt_ids
from rantau.serving.protocol import Job, Wish

PROMPTS = ("halo dunia", "the quick brown fox and a long story of it", "satu dua", "tiga")


@dataclass
class Said:
    text: str = ""
    ids: list[int] = field(default_factory=list)
    reason: str = ""


def job(content: str, **wish: Any) -> Job:
    wishes = Wish(**{"max_tokens": 12, "temperature": 0, **wish})
    return Job(content, "ana", "lively", ({"role": "user", "content": content},), wishes)


def going_on(job: Job, **begun: Any) -> Job:
    return replace(job, **begun)


def hear(engine: Engine, names: set[str], *, most_steps: int = 3000) -> dict[str, Said]:
    """What is said until all of them are over."""
    said: dict[str, Said] = {name: Said() for name in names}
    for _ in range(most_steps):
        listen(engine, said)
        if all(s.reason for s in said.values()):
            return said
    raise AssertionError(f"not over: {said}")


def listen(engine: Engine, said: dict[str, Said]) -> None:
    """One step. Nothing may come behind an end."""
    for what in engine.step():
        one = said[what.name]
        assert not one.reason, what
        if isinstance(what, Ended):
            one.reason = what.reason
        elif isinstance(what, Heard):
            one.text += what.piece.text
            one.ids += what.piece.ids


def plain(parts: tuple[Any, Any, Any], asked: Job, n: int = 12) -> tuple[str, list[int]]:
    """Greedy text and tokens by transformers."""
    model, tokenizer, template = parts
    ids = prompt_ids(asked, template, tokenizer, system_prompt=None)
    (said,) = generate_batch(model, tokenizer, [ids], max_new_tokens=n, stop_ids=template.stop_ids)
    return said.text, list(said.ids)
