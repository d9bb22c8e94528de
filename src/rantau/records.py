"""The nouns that travel between the rooms, each with its licence and origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns in order; an optional system message comes first."""

    messages: tuple[Message, ...]

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the last assistant turn: what a model is asked."""
        last = max(i for i, m in enumerate(self.messages) if m.role == "assistant")
        return self.messages[:last]

    @property
    def answer(self) -> str:
        """The last assistant turn: what the reference says."""
        return next(m.content for m in reversed(self.messages) if m.role == "assistant")


@dataclass(frozen=True, slots=True)
class Document:
    """One row of a source: running text, a dialogue (then `text` is ""), or a preference: a dialogue whose answer
    was chosen over `rejected`.

    id        "<source>:<row>", unique in a run
    origin    source string of the recipe and file inside it
    row       row, line or record number in that file, from 1
    group     rows that must stay on the same side of a split share it
    language  ISO 639-3
    license   SPDX id, or the words of the source
    fields    further columns of the row (subset_name, template_name, ...)
    """

    id: str
    source: str
    origin: str
    row: int
    group: str
    language: str
    license: str
    text: str = ""
    dialogue: Dialogue | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    rejected: str | None = None

    @property
    def content(self) -> str:
        """All text that a reader sees: the text, or the turns joined by newlines."""
        return "\n".join(m.content for m in self.dialogue.messages) if self.dialogue else self.text

    @property
    def whole(self) -> str:
        """The content, and after it the rejected answer if there is one: what two equal rows share."""
        return self.content if self.rejected is None else f"{self.content}\n{self.rejected}"

    def rewritten(self, change: Callable[[str], str]) -> Document:
        """The document with every text of it changed (running text, turns, rejected answer); itself if none is."""
        turns = tuple(Message(m.role, change(m.content)) for m in self.dialogue.messages) if self.dialogue else ()
        changed = replace(
            self,
            text=change(self.text) if self.text else "",
            dialogue=Dialogue(turns) if turns else None,
            rejected=None if self.rejected is None else change(self.rejected),
        )
        return self if changed == self else changed

    def to_row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "source": self.source,
            "origin": self.origin,
            "row": self.row,
            "group": self.group,
            "language": self.language,
            "license": self.license,
            "text": self.text,
            "messages": [{"role": m.role, "content": m.content} for m in self.dialogue.messages]
            if self.dialogue
            else [],
            "rejected": self.rejected,
            "fields": [{"name": k, "value": v} for k, v in sorted(self.fields.items())],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Document:
        messages = tuple(Message(m["role"], m["content"]) for m in row["messages"])
        plain = {k: row[k] for k in ("id", "source", "origin", "row", "group", "language", "license", "text")}
        fields = {f["name"]: f["value"] for f in row["fields"]}
        dialogue = Dialogue(messages) if messages else None
        return cls(**plain, dialogue=dialogue, fields=fields, rejected=row["rejected"])


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that was left out, and why. Rows in = rows kept + rows dropped."""

    id: str
    source: str
    origin: str
    row: int
    reason: str
    excerpt: str

    @classmethod
    def of(cls, document: Document, reason: str) -> Dropped:
        return cls(document.id, document.source, document.origin, document.row, reason, document.content[:200])


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids of one training row and which of them are learnt.

    ids     token ids
    learnt  same length; True where the token is a target of the loss
    """

    id: str
    source: str
    ids: tuple[int, ...]
    learnt: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One held-out question: the rendered prompt and the reference answer."""

    id: str
    source: str
    prompt: str
    prompt_sha256: str
    reference: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model said to one item.

    ended  True if the model ended the answer itself, False if it hit the token limit
    draw   which of the answers to that item, from 0
    cuts   "<n>" -> the text of its first n tokens, for every n that a metric sees instead of the whole answer
    """

    item_id: str
    prompt_sha256: str
    text: str
    n_tokens: int
    ended: bool
    draw: int = 0
    cuts: Mapping[str, str] = field(default_factory=dict)


System = Literal["base", "adapted", "change", "chance", "chance-base", "ceiling"]
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Score:
    """One figure with its interval, its number of items and how it was computed: a row of scores.json.

    metric     its name
    name       the held-out text, or the source of the prompts
    unit       share | points | bits/byte | perplexity | words | relative (a change of -0.1 is 10 % less)
    better     which way is better; "neither" for a plain description
    system     base, adapted; change (of one into the other, paired); chance (what answers to other prompts
               get: the adapted system's, or the base's for "chance-base"); ceiling (what the references get,
               cut to the tokens that an answer may have)
    value      None if it cannot be measured; then `reason` says why
    n_untold   answers of which the language could not be told
    p_mcnemar  change of a share only: exact two-sided p that both systems are equally good
    p_value    change of any other metric: two-sided p of approximate randomisation over items
    sd_repeats standard deviation of the whole figure between the repeats; None where each item was answered once
    """

    metric: str
    name: str
    unit: str
    better: Better
    system: System
    value: float | None
    low: float | None
    high: float | None
    n: int
    signature: str
    reason: str | None = None
    n_untold: int | None = None
    p_mcnemar: float | None = None
    p_value: float | None = None
    sd_repeats: float | None = None

    @property
    def told(self) -> tuple[float, float, float] | None:
        """value, low, high; None if there is no value."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return self.value, self.low, self.high

    def to_row(self) -> dict[str, Any]:
        """The last five only where they say something."""
        optional = ("reason", "n_untold", "p_mcnemar", "p_value", "sd_repeats")
        return {k: v for k, v in asdict(self).items() if k not in optional or v is not None}


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """One item as both systems answered it.

    prompt       the turns of the prompt, without template
    chrf_*       chrF++ of this answer alone, 0..100
    language_*   raw label of the language identifier
    """

    item_id: str
    prompt: str
    reference: str
    base: str
    adapted: str
    chrf_base: float
    chrf_adapted: float
    language_base: str
    language_adapted: str

    @property
    def gain(self) -> float:
        return self.chrf_adapted - self.chrf_base


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between its bounds, in the unit of the row that it stands in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """One task of one benchmark before and after: a row of benchmarks.json. Shares are 0..1.

    benchmark        its name in the catalogue, or the harness's task name
    task             the harness's task; of several tasks one more row has task = benchmark: their plain mean
    language         ISO 639-3
    shots            examples before each question
    metric           acc, acc_norm, exact_match, mc2, macro_f1, ...
    n                questions
    n_clusters       groups of questions that stand or fall together (one passage); n where each stands alone
    n_contaminated   questions of which the training text holds a good part; None if nobody looked
    chance           what guessing gets; None where an answer cannot be guessed
    base, adapted    their scores; change: adapted minus base, paired over the questions
    p                two-sided p that both are equally good; p_holm the same after Holm over all rows of the run
    resolvable       smallest change that n questions show with power 0.8 at this confidence
    at_chance_*      True if the interval holds chance or lies below it; None without chance
    clean_*          the same over the questions that are not contaminated; None if nobody looked or none is left
    signature        harness, version of the task, shots, metric, data, interval
    """

    benchmark: str
    task: str
    language: str
    shots: int
    metric: str
    n: int
    n_clusters: int
    n_contaminated: int | None
    chance: float | None
    base: Estimate
    adapted: Estimate
    change: Estimate
    p: float
    p_holm: float
    resolvable: float
    at_chance_base: bool | None
    at_chance_adapted: bool | None
    clean_n: int | None
    clean_base: float | None
    clean_adapted: float | None
    clean_change: Estimate | None
    signature: str

    def to_row(self) -> dict[str, Any]:
        """Every field; an estimate as {value, low, high}."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> BenchmarkResult:
        estimates = ("base", "adapted", "change", "clean_change")
        told: dict[str, Any] = {
            k: Estimate(**v) if k in estimates and v is not None else v for k, v in row.items()
        }
        return cls(**told)
