"""What a token costs an engine, and how long one waits for the first: python -m bench.serving.engines --scratch D

All engines answer the same prompts by the same model, one engine after another in one process.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from bench.serving.loads import Measured, all_at_once, first_come, joining, one_by_one
from bench.serving.material import Material, material_of
from rantau.serving.engines.engine import Engine
from rantau.serving.engines.turns import Turns

Side = Callable[[Material, int, int], Engine]
MODEL = "smol"


def transformers(material: Material, slots: int, threads: int) -> Engine:
    import torch

    from rantau.serving.engines.transformers import TransformersEngine

    torch.set_num_threads(threads)
    reader = material.reader
    return TransformersEngine(
        material.model, reader.tokenizer, reader.template, name=MODEL, slots=slots, context=reader.context
    )


def ctranslate2(material: Material, slots: int, threads: int) -> Engine:
    from rantau.serving.engines.ctranslate2 import Ctranslate2Engine

    folder = material.converted("ctranslate2")
    return Ctranslate2Engine(folder, material.reader, Turns(), name=MODEL, slots=slots, threads=threads)


def llama_cpp(kind: str) -> Side:
    def side(material: Material, slots: int, threads: int) -> Engine:
        from rantau.serving.engines.llama_cpp import LlamaCppEngine

        (file,) = material.converted(f"gguf-{kind}").glob(f"*-{kind}.gguf")
        return LlamaCppEngine(file, material.reader, name=MODEL, slots=slots, threads=threads)

    return side


SIDES: dict[str, Side] = {
    "transformers float32": transformers,
    "ctranslate2 int8": ctranslate2,
    "llama.cpp q8_0": llama_cpp("q8_0"),
    "llama.cpp q4_k_m": llama_cpp("q4_k_m"),
}


def measure(name: str, side: Side, material: Material, given: argparse.Namespace) -> Iterator[Measured]:
    for streams in given.streams:
        engine = side(material, streams, given.threads)
        all_at_once(engine, material, 1, 4, MODEL)  # warms up
        yield all_at_once(engine, material, streams, given.tokens, MODEL).named(name, "all at once")
        if streams > 1:
            yield one_by_one(engine, material, streams, given.tokens, MODEL).named(name, "one by one")
            yield joining(engine, material, streams, given.tokens, MODEL).named(name, "a late joiner")
        engine.close()


def told(found: Measured, first: Measured) -> str:
    """first: transformers with the same load"""
    times = found.cpu_tokens_s / first.cpu_tokens_s
    return (
        f"{found.engine:22s} {found.load:16s} {found.streams:3d}  {found.n_tokens:5d} tokens  "
        f"{found.cpu_tokens_s:6.1f} a cpu-s (x{times:4.1f})  {found.n_tokens / found.wall_s:6.1f} a s  "
        f"first token {found.first_s[0]:6.2f} s, last stream {found.first_s[1]:6.2f} s  longest gap "
        f"{found.gap_s:5.2f} s  machine's load {found.machine_load:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="where converted models are kept")
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    material = material_of(given.scratch)
    click.echo(f"prompts of {material.lengths[0]} to {material.lengths[-1]} tokens, {given.threads} threads")
    found = [first_come(material, 4, given.tokens).named("transformers float32", "first come")]
    click.echo(told(found[0], found[0]))
    for name in given.sides:
        for one in measure(name, SIDES[name], material, given):
            found.append(one)
            same = [f for f in found if (f.load, f.streams) == (one.load, one.streams)]
            click.echo(told(one, same[0]))
    if given.json:
        with given.json.open("a", encoding="utf-8") as handle:
            handle.writelines(json.dumps(asdict(one) | {"threads": given.threads}) + "\n" for one in found)


if __name__ == "__main__":
    main()
