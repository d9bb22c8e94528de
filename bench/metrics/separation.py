"""What a sentence encoder can tell of references in a language: what the semantic match asks before it judges.

python -m bench.metrics.separation
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from bench.metrics.degenerate import ENCODERS, SEED
from bench.metrics.material import indonesian, korean
from rantau.language import load_profile
from rantau.model.encoder import encode
from rantau.stages.evaluation.metrics.semantic import make_judge
from rantau.stages.evaluation.metrics.separation import Separation
from rantau.stages.evaluation.metrics.speech import Texts, View

Case = tuple[str, str, Texts]  # name, ISO 639-3, references


def cases(data: Path) -> list[Case]:
    nusax, persona = indonesian(data), korean(data)
    return [
        ("NusaX, Indonesian", "ind", nusax.references),
        ("NusaX, English", "eng", nusax.translation),
        ("X-Persona, Korean", "kor", persona.references),
    ]


def row(name: str, encoder: str, n: int, found: Separation) -> str:
    area = "" if found.area is None else f"{found.area:.3f}"
    shares = f"{100 * found.alike_share:.1f} % | {found.threshold:.3f} | {area} | {'yes' if found.fails else 'no'}"
    return f"| {name}, {n} | {encoder} | {shares} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    sys.stdout.write(
        "| references | encoder | unrelated pairs at 0.5 | cosine that 1 % reach | area of halves | warned |\n"
    )
    sys.stdout.write("| --- | --- | ---: | ---: | ---: | --- |\n")
    for name, language, references in cases(data):
        view = View((), (), references, references, "")
        for asked in (e for e in ENCODERS if e.threshold == "auto"):
            told = partial(encode, encoder=asked.encoder)
            judge = make_judge(asked, view, load_profile(language), told, seed=SEED)
            sys.stdout.write(row(name, asked.name, len(references), judge.separation) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
