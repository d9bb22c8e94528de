"""The passage of one phase: documents go in, training rows come out, and all of it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from rantau.recipe import Phase
from rantau.records import Document
from rantau.stages.formatting.counts import Counts
from rantau.stages.formatting.fertility import Fertility
from rantau.stages.formatting.packing import packed
from rantau.stages.formatting.samples import Row, Writer, rows_of


@dataclass(frozen=True, slots=True)
class Passage:
    """fertility: of all phases, each document adds to it; dropped: rows of dropped.jsonl, of this phase"""

    phase: Phase
    writer: Writer
    fertility: Fertility
    counts: Counts = field(default_factory=Counts)
    dropped: list[dict[str, Any]] = field(default_factory=list)

    def rows(self, documents: Iterable[Document]) -> Iterator[dict[str, Any]]:
        """Rows as sample_schema() has them, joined where the phase packs; one document in memory at a time, or the
        window of packing.

        Raises   DataError, ModelError (see samples.rows_of)
        """
        packs = self.phase.packing == "best_fit"
        written = self._written(documents)
        for row in packed(written, max_tokens=self.phase.max_tokens) if packs else written:
            self.counts.add_row(row, joined=len(row.parts) - 1 if packs else 0)
            sample = row.sample
            yield {
                "id": sample.id,
                "source": sample.source,
                "ids": sample.ids,
                "learnt": sample.learnt,
                "parts": row.parts,
            }

    def _written(self, documents: Iterable[Document]) -> Iterator[Row]:
        for document in documents:
            self.fertility.add(document)
            written = rows_of(document, self.phase, self.writer)
            self.counts.add_document(written)
            if written.dropped is not None:
                self.dropped.append({"phase": self.phase.name, **asdict(written.dropped)})
            yield from written.rows


def sample_schema() -> Any:
    """Arrow schema of a training row: id, source, ids, learnt; parts: tokens of each text in it, which do not see
    one another."""
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("source", pa.string()),
            ("ids", pa.list_(pa.int32())),
            ("learnt", pa.list_(pa.bool_())),
            ("parts", pa.list_(pa.int32())),
        ]
    )
