"""A fake speaker and a small gathered artefact: the model is not the subject of these tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Recipe, check_recipe
from rantau.records import Dialogue, Document, Message
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared, Stage
from rantau.stages.evaluation.ledger import Tell
from rantau.stages.evaluation.likelihood.marked import Marked
from rantau.stages.evaluation.speakers.speaker import Decoding, Question, Spoken

SUBSETS = ("kisah", "resep", "tanya")


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the code under test may catch it."""


@dataclass
class FakeSpeaker:
    """Answers and losses that betray the company of their batch, as rounding does in a real model.

    kill_after  calls that succeed before the run dies
    """

    at_once = 1

    word: str = "jawab"
    kill_after: int | None = None
    calls: list[int] = field(default_factory=list)

    def answers(self, questions: Sequence[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        self._call(len(questions))
        tell(0.5)
        lengths = [len(q.prompt_ids) for q in questions]
        return [
            Spoken(
                f"{self.word} {sum(lengths)} {length}" + (f" {q.seed % 1000}" if decoding.sampling else ""),
                min(3, decoding.max_new_tokens), True, {str(n): f"{self.word} {n}" for n in decoding.cuts},
            )
            for q, length in zip(questions, lengths, strict=True)
        ]  # fmt: skip

    def nats(self, texts: Sequence[str], *, context_tokens: int) -> list[tuple[float, int]]:
        self._call(len(texts))
        company = sum(map(len, texts))
        return [(len(text) + company / 1e6, len(text.split())) for text in texts]

    def marked_nats(self, rows: Sequence[Marked], *, context_tokens: int) -> list[tuple[float, int]]:
        self._call(len(rows))
        company = sum(len(row.ids) for row in rows)
        return [(10.0 * sum(row.scored) / len(row.ids) + company / 1e6, sum(row.scored)) for row in rows]

    def _call(self, size: int) -> None:
        if self.kill_after is not None and len(self.calls) >= self.kill_after:
            raise Killed
        self.calls.append(size)


def document(n: int, text: str, *, source: str = "berita") -> Document:
    return Document(f"{source}:{n}", source, f"{source}.txt", n, str(n), "ind", "CC0-1.0", text=text)


def dialogue(n: int, question: str, answer: str, *, subset: str = "tanya", source: str = "tanya") -> Document:
    turns = Dialogue((Message("user", question), Message("assistant", answer)))
    fields = {"subset_name": subset} if subset else {}
    return Document(
        f"{source}:{n:04d}", source, f"{source}.jsonl", n, str(n), "ind", "CC0-1.0", dialogue=turns, fields=fields
    )


def some_dialogues(n: int) -> list[Document]:
    return [
        dialogue(i, "Apa itu " + "nasi " * (i % 7) + f"nomor {i}?", f"Itu adalah makanan nomor {i}.",
                 subset=SUBSETS[i % 3])
        for i in range(n)
    ]  # fmt: skip


def gathered(folder: Path, texts: Sequence[Document], dialogues: Sequence[Document]) -> Path:
    """A gather artefact with the held-out sources berita and tanya."""
    for name, documents in (("berita", texts), ("tanya", dialogues)):
        rows = [d.to_row() for d in documents]
        files.write_parquet(folder / "heldout" / f"{name}.parquet", rows, files.document_schema())
    return folder


def recipe(base: Path | str, *, target: str = "ind", prompts: dict[str, object] | None = None) -> Recipe:
    asked = {"source": "tanya", "max_items": 40, "max_new_tokens": 8} | (prompts or {})
    evaluation = {
        "texts": [{"name": "berita", "source": "berita", "max_documents": 20, "max_bytes": 60}],
        "prompts": asked if asked["source"] else None,
        "in_context": {"max_items": 8, "shots": 2},
        "resamples": 200,
    }
    sources = [
        {"name": n, "path": f"{n}.txt", "language": language, "license": "CC0-1.0"}
        for n, language in (("berita", "ind"), ("tanya", target))
    ]
    data = {
        "name": "coba", "language": {"target": target}, "model": {"base": str(base)}, "sources": sources,
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {"berita": 1.0}}], "evaluation": evaluation,
    }  # fmt: skip
    return check_recipe(data, where="coba.yaml")


def context(stage: Stage, asked: Recipe, out: Path, **inputs: Path) -> Context:
    out.mkdir(parents=True, exist_ok=True)
    named = {name.replace("_", "-"): path for name, path in inputs.items()}
    quiet = Progress(quiet=True)
    return Context(Declared(asked, stage.slices), Path(), named, out, Machine(), quiet)
