"""One shard of a source: its documents through every check that needs one document alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from rantau import files
from rantau.language import LanguageProfile, known_languages, language_name, load_profile
from rantau.recipe import Curation
from rantau.records import Document, Dropped
from rantau.stages.curation.cleaning.expected_language import LanguageJudge, judged_text
from rantau.stages.curation.cleaning.length import wrong_length
from rantau.stages.curation.cleaning.pii import treat_pii
from rantau.stages.curation.cleaning.quality import Thresholds, quality_defect, thresholds_of
from rantau.stages.curation.cleaning.text_repair import repaired
from rantau.stages.curation.contamination.held_out import HeldOutText
from rantau.stages.curation.contamination.matching import Hit, Index
from rantau.stages.curation.duplicates.exact import text_key
from rantau.stages.curation.duplicates.near import signatures


@dataclass(frozen=True, slots=True)
class Shard:
    """One row group of a gathered source, and where its results go.

    curation  the slice as JSON: a pickled model differs from process to process, and the shard's hash with it
    index     file of the benchmarks' index, None if there are none
    held_out  file of the held-out text, None if it is not asked for
    """

    number: int
    path: str
    group: int
    language: str
    curation: str
    seed: int
    folder: str
    index: str | None
    held_out: str | None

    def file(self, kind: str) -> Path:
        """kept.parquet, dropped.jsonl, keys.npy or signatures.npy of this shard"""
        stem, suffix = kind.split(".")
        return Path(self.folder) / f"{self.number:06d}-{stem}.{suffix}"


@dataclass(slots=True)
class Tally:
    """Counts of one shard or one source; rows = kept + dropped.

    labels      detector label -> documents judged
    untold      documents whose language could not be told
    neighbours  language -> documents with the label of a language that is mixed up with the expected one
    hits        (document id, hit) of test items found
    """

    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    untold: int = 0
    neighbours: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    hits: list[tuple[str, Hit]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.rows += other.rows
        self.kept += other.kept
        self.untold += other.untold
        self.hits += other.hits
        for name in ("dropped", "labels", "neighbours", "pii"):
            getattr(self, name).update(getattr(other, name))


@dataclass(slots=True)
class Checks:
    """The tools of one worker for one language."""

    curation: Curation
    profile: LanguageProfile | None
    judge: LanguageJudge
    thresholds: Thresholds | None
    index: Index | None
    held_out: HeldOutText | None

    def check(self, document: Document, tally: Tally) -> tuple[Document, str | None]:
        """The document alone, as it will be kept, and the reason if it will not."""
        asked = self.curation
        if reason := wrong_length(document, min_chars=0, max_chars=asked.max_chars):  # before any slow check
            return document, reason
        document = repaired(document, asked.normal_form, repair=asked.repair)
        steps: tuple[Callable[[Document, Tally], str | None], ...] = (self._length, self._language, self._quality)
        for step in steps:
            if reason := step(document, tally):
                return document, reason
        treated = treat_pii(document, asked.pii, self.profile.pii if self.profile else ())
        tally.pii.update(treated.counts)
        return treated.document, treated.drop

    def leaks(self, documents: Sequence[Document], tally: Tally) -> list[str | None]:
        """For each document the reason to leave it out for what was tested or held out; all at once is faster."""
        every = self.index.hits_of(documents) if self.index else [[] for _ in documents]
        shared = self.held_out.shared_with(documents) if self.held_out else [False] * len(documents)
        return [self._leak(d, hits, bool(s), tally) for d, hits, s in zip(documents, every, shared, strict=True)]

    def _length(self, document: Document, tally: Tally) -> str | None:
        return wrong_length(document, min_chars=self.curation.min_chars, max_chars=self.curation.max_chars)

    def _language(self, document: Document, tally: Tally) -> str | None:
        verdict = self.judge.judge(judged_text(document))
        if verdict.labels:
            tally.labels[verdict.labels[0]] += 1
        if verdict.neighbour:
            tally.neighbours[verdict.neighbour] += 1
        if verdict.expected is None:
            tally.untold += 1
        return f"not in {language_name(document.language)}" if verdict.expected is False else None

    def _quality(self, document: Document, tally: Tally) -> str | None:
        if self.thresholds is None:
            return None
        return quality_defect(judged_text(document), self.thresholds, min_words=self.curation.quality.min_words)

    def _leak(self, document: Document, hits: Sequence[Hit], shared: bool, tally: Tally) -> str | None:
        tally.hits += [(document.id, hit) for hit in hits]
        if hits and self.curation.contamination.on_hit == "drop":
            return f"holds a test item of {hits[0].benchmark}"
        return "shares text with held-out rows" if shared else None


def clean_shard(shard: Shard) -> Tally:
    """Writes kept.parquet, dropped.jsonl, keys.npy and, for near duplicates, signatures.npy of the shard."""
    import numpy as np

    checks, tally = _checks(shard.language, shard.curation, shard.index, shard.held_out), Tally()
    near = checks.curation.near_duplicates
    rows = files.read_group(Path(shard.path), shard.group)
    checked = [checks.check(Document.from_row(row), tally) for row in rows]
    clean = [document for document, reason in checked if reason is None]
    leaks = dict(zip((d.id for d in clean), checks.leaks(clean, tally), strict=True))
    reasons = [reason or leaks[document.id] for document, reason in checked]
    kept = [document for (document, _), reason in zip(checked, reasons, strict=True) if reason is None]
    dropped = [
        Dropped.of(d, reason) for (d, _), reason in zip(checked, reasons, strict=True) if reason is not None
    ]
    tally.dropped.update(d.reason for d in dropped)
    tally.rows, tally.kept = len(kept) + len(dropped), len(kept)
    files.write_jsonl(shard.file("dropped.jsonl"), map(asdict, dropped))
    files.write_parquet(shard.file("kept.parquet"), (d.to_row() for d in kept), files.document_schema())
    files.write_array(shard.file("keys.npy"), np.array([text_key(d) for d in kept], dtype="S16"))
    if near.method == "minhash":
        made = signatures([d.whole for d in kept], near, seed=shard.seed)
        files.write_array(shard.file("signatures.npy"), made)
    return tally


@lru_cache(maxsize=4)
def _checks(language: str, curation: str, index: str | None, held_out: str | None) -> Checks:
    profile = load_profile(language) if language in known_languages() else None
    asked = Curation.model_validate_json(curation)
    return Checks(
        curation=asked,
        profile=profile,
        judge=LanguageJudge(profile, asked.language),
        thresholds=thresholds_of(profile, asked.quality),
        index=Index.load(Path(index)) if index else None,
        held_out=HeldOutText.load(Path(held_out)) if held_out else None,
    )
