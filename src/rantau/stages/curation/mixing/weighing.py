"""How many tokens of the base model each document has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rantau import files
from rantau.chat import Template, Tokenizer, control_token_in, encode, encode_text, template_for
from rantau.machine import Machine
from rantau.recipe import Formatting, Model, Phase
from rantau.records import Document, Dropped
from rantau.run.engine import map_shards
from rantau.run.progress import Progress

FEW_ROWS = 20_000
"""Below this, starting workers (4 s each to import a tokenizer) takes longer than counting."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One row group of a drawn source, and how its rows will be written; slices as JSON, see cleaning/shard.py."""

    path: str
    group: int
    model: str
    formatting: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """Rows of one source in file order.

    ids       document ids
    tokens    as a row will be trained on: with start and end, a dialogue in its template; 0 if it is unfit
    dialogue  True where a row is a dialogue
    unfit     row -> the record of a row that spells out a control token, which could end a turn nobody ended
    """

    ids: list[str]
    tokens: list[int]
    dialogue: list[bool]
    unfit: dict[int, dict[str, Any]]


def weigh_sources(
    paths: Sequence[Path],
    model: Model,
    formatting: Formatting,
    *,
    folder: Path,
    machine: Machine,
    progress: Progress,
) -> list[Weighed]:
    """The rows of each parquet file of documents, weighed."""
    sizes = [files.group_sizes(path) for path in paths]
    slices = (model.model_dump_json(), formatting.model_dump_json())
    shards = [
        Shard(str(p), g, *slices) for p, groups in zip(paths, sizes, strict=True) for g in range(len(groups))
    ]
    few = sum(map(sum, sizes)) < FEW_ROWS
    workers = 1 if few else machine.workers
    found = iter(
        map_shards(
            weigh_shard,
            shards,
            workers=workers,
            cluster=machine.cluster,
            folder=folder,
            progress=progress,
            title="count tokens",
        )
    )
    return [_joined([next(found) for _ in groups]) for groups in sizes]


def weigh_shard(shard: Shard) -> Weighed:
    tokenizer, template, system_prompt = _writer(shard.model, shard.formatting)
    weighed = Weighed([], [], [], {})
    for row in files.read_group(Path(shard.path), shard.group):
        document = Document.from_row(row)
        if control_token(document, tokenizer):
            dropped = Dropped.of(document, "spells out a control token")
            weighed.unfit[len(weighed.ids)] = asdict(dropped)
        fit = len(weighed.ids) not in weighed.unfit
        weighed.tokens.append(_n_tokens(document, template, tokenizer, system_prompt) if fit else 0)
        weighed.ids.append(document.id)
        weighed.dialogue.append(document.dialogue is not None)
    return weighed


def _n_tokens(document: Document, template: Template, tokenizer: Tokenizer, system_prompt: str | None) -> int:
    if document.dialogue is None:
        return len(encode_text(tokenizer, document.text))
    return len(encode(template, tokenizer, document.dialogue, system_prompt=system_prompt).ids)


def _joined(parts: Sequence[Weighed]) -> Weighed:
    whole = Weighed([], [], [], {})
    for part in parts:
        whole.unfit.update({len(whole.ids) + row: record for row, record in part.unfit.items()})
        whole.ids.extend(part.ids)
        whole.tokens.extend(part.tokens)
        whole.dialogue.extend(part.dialogue)
    return whole


@lru_cache(maxsize=2)
def _writer(model: str, formatting: str) -> tuple[Tokenizer, Template, str | None]:
    from rantau.model.tokenizer import load_tokenizer

    asked = Formatting.model_validate_json(formatting)
    tokenizer = load_tokenizer(Model.model_validate_json(model))
    return tokenizer, template_for(asked, tokenizer), asked.system_prompt


def control_token(document: Document, tokenizer: Tokenizer) -> str | None:
    """A control token that the text spells out; else None."""
    parts = [m.content for m in document.dialogue.messages] if document.dialogue else [document.text]
    return next((token for part in parts if (token := control_token_in(tokenizer, part))), None)


def weight(n_tokens: int, phase: Phase) -> int:
    """Tokens that the phase will see of a row: cut at max_tokens, all if it is split, none if it is dropped."""
    if n_tokens <= phase.max_tokens or phase.over_long in ("error", "split"):
        return n_tokens
    return phase.max_tokens if phase.over_long == "truncate" else 0
