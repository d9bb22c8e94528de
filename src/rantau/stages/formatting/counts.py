"""What became of every document and of every token of a phase."""

from __future__ import annotations

from dataclasses import dataclass, field

from rantau.stages.formatting.samples import Row, Written


@dataclass(slots=True)
class Counts:
    """Sums of one phase. Nothing is lost:

        rows_in + continuations = rows + joined + dropped
        tokens_in = learnt_tokens + masked_tokens + tokens_cut + tokens_dropped

    rows_in, dropped   documents that came in; documents left out, by reason
    continuations      further rows of documents that were split
    joined             rows that packing put into another one; 0 without packing
    rows               rows written
    truncated          documents that lost their end
    tokens_in          of all documents (see samples.Written)
    tokens_cut         beyond max_tokens
    tokens_dropped     of the documents left out
    tokens             in the rows written: learnt_tokens + masked_tokens, which are only read
    longest            tokens of the longest row
    """

    rows_in: int = 0
    rows: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    continuations: int = 0
    joined: int = 0
    truncated: int = 0
    tokens_in: int = 0
    tokens_cut: int = 0
    tokens_dropped: int = 0
    tokens: int = 0
    learnt_tokens: int = 0
    masked_tokens: int = 0
    longest: int = 0

    def add_document(self, written: Written) -> None:
        self.rows_in += 1
        self.tokens_in += written.n_tokens
        self.tokens_cut += written.n_cut
        self.truncated += written.n_cut > 0
        if written.dropped is None:
            self.continuations += len(written.rows) - 1
            return
        self.dropped[written.dropped.reason] = self.dropped.get(written.dropped.reason, 0) + 1
        self.tokens_dropped += written.n_tokens

    def add_row(self, row: Row, *, joined: int) -> None:
        """A row as it is written; joined: how many were put into it beside its first."""
        assert sum(row.parts) == len(row.sample.ids) == len(row.sample.learnt), row.sample.id
        n_learnt = sum(row.sample.learnt)
        self.rows += 1
        self.joined += joined
        self.tokens += len(row.sample.ids)
        self.learnt_tokens += n_learnt
        self.masked_tokens += len(row.sample.ids) - n_learnt
        self.longest = max(self.longest, len(row.sample.ids))

    def check(self) -> None:
        """Both sums; documents and tokens are counted as they come in, rows as they are written."""
        n_dropped = sum(self.dropped.values())
        assert self.rows_in + self.continuations == self.rows + self.joined + n_dropped, self
        used = self.learnt_tokens + self.masked_tokens + self.tokens_cut + self.tokens_dropped
        assert self.tokens_in == used, self
