"""Whether a document is in the language that its source declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rantau.language import LanguageProfile, in_language, known_languages, load_profile
from rantau.recipe import LanguageCheck, Source
from rantau.records import Document
from rantau.run.engine import map_shards
from rantau.run.stage import Context

SHARD_DOCUMENTS = 4000
SCRATCH = "shards"


@dataclass(frozen=True, slots=True)
class Shard:
    """Texts of one source, for one worker."""

    texts: tuple[str, ...]
    profile: LanguageProfile | None
    check: LanguageCheck


def judge_documents(
    documents: Sequence[Document], source: Source, check: LanguageCheck, context: Context
) -> list[bool | None]:
    """For each document: True or False, or None if it cannot be told: too short, no profile, or no label.

    Of a dialogue only the answers are judged: a question may quote another language.
    """
    profile = load_profile(source.language) if source.language in known_languages() else None
    texts = [judged_text(d) for d in documents]
    starts = range(0, len(texts), SHARD_DOCUMENTS)
    judged = map_shards(
        judge_shard,
        [Shard(tuple(texts[i : i + SHARD_DOCUMENTS]), profile, check) for i in starts],
        workers=context.machine.workers,
        folder=context.out / SCRATCH / source.name,
        progress=context.progress,
        title=f"language of {source.name}",
    )
    return [verdict for shard in judged for verdict in shard]


def judge_shard(shard: Shard) -> list[bool | None]:
    return [_in_language(text, shard.profile, shard.check) for text in shard.texts]


def _in_language(text: str, profile: LanguageProfile | None, check: LanguageCheck) -> bool | None:
    if profile is None or sum(map(str.isalpha, text)) < check.min_letters:
        return None
    return in_language(text, profile, min_probability=check.min_probability)


def judged_text(document: Document) -> str:
    if document.dialogue is None:
        return document.text
    return "\n".join(m.content for m in document.dialogue.messages if m.role == "assistant")
