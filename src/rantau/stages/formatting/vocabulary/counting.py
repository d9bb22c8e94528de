"""Documents of parquet files as pre-tokens, in shards where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.chat import control_token_in
from rantau.language import load_profile, n_words
from rantau.machine import Machine
from rantau.recipe import Model
from rantau.records import Document
from rantau.run.engine import map_shards
from rantau.run.progress import Progress
from rantau.stages.formatting.vocabulary.pretokens import Tally

if TYPE_CHECKING:
    from rantau.model.tokenizer import FastTokenizer

FEW_ROWS = 20_000
"""Below this, starting workers takes longer than counting."""

Tallies = dict[tuple[str, str], Tally]
"""(source, language) -> sums"""


@dataclass(frozen=True, slots=True)
class Shard:
    """One row group of a file of documents; model: the recipe's slice as JSON, whose tokenizer counts."""

    path: str
    group: int
    model: str


def count_files(
    paths: Sequence[Path], model: Model, *, folder: Path, machine: Machine, progress: Progress, title: str
) -> Tallies:
    """All documents of the files; a document that stands in two of them is counted twice, as it is read twice."""
    sizes = {path: files.group_sizes(path) for path in paths}
    asked = model.model_dump_json()
    few = sum(map(sum, sizes.values())) < FEW_ROWS
    found = map_shards(
        count_shard,
        [Shard(str(path), group, asked) for path, groups in sizes.items() for group in range(len(groups))],
        workers=1 if few else machine.workers,
        cluster=machine.cluster,
        folder=folder,
        progress=progress,
        title=title,
    )
    total: Tallies = {}
    for part in found:
        for key, tally in part.items():
            total.setdefault(key, Tally()).join(tally)
    return total


def count_shard(shard: Shard) -> Tallies:
    rows = files.read_group(Path(shard.path), shard.group)
    return count_documents(map(Document.from_row, rows), _tokenizer(shard.model))


def count_documents(documents: Iterable[Document], tokenizer: FastTokenizer) -> Tallies:
    """Documents that spell out a control token are left out: no phase learns them."""
    tallies: Tallies = {}
    encode = tokenizer.backend_tokenizer.encode
    for document in documents:
        text = document.content
        if control_token_in(tokenizer, text):
            continue
        tally = tallies.setdefault((document.source, document.language), Tally())
        tally.n_documents += 1
        tally.n_bytes += len(text.encode())
        tally.n_words += n_words(text, load_profile(document.language))
        tally.pretokens.add(encode(text, add_special_tokens=False))
    return tallies


@lru_cache(maxsize=2)
def _tokenizer(model: str) -> FastTokenizer:
    from rantau.model.tokenizer import load_tokenizer

    return load_tokenizer(Model.model_validate_json(model))
