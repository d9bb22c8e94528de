"""What is measured before and after: texts, answers, learning in context, benchmarks, and when a run fails."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from rantau.recipe.base import Name, Slice

Decoding = Literal["greedy", "sampling"]
COMMIT = re.compile(r"[0-9a-f]{40}")


class HeldOutText(Slice):
    name: Name = Field(description="Name in the report.")
    source: Name = Field(description="Source whose held-out part is measured.")
    max_documents: int = Field(200, ge=2, description="Most documents, drawn by seed.")
    max_bytes: int = Field(1000, ge=50, description="Longer documents are cut here, at a character.")
    by: str | None = Field(
        None, description="Column whose values are also measured apart: the domains of this text; null = none."
    )
    scored: Literal["all", "answers"] = Field(
        "all", description="Of dialogues: all their text, or only the answers, each after its prompt."
    )


UNRELATED_SHARE = 0.01


class Semantic(Slice):
    name: Name = Field(description="Name in the report.")
    encoder: str = Field(
        description="Sentence encoder: package:<module>, a folder, or a hub id. It must know the language."
    )
    revision: str | None = Field(None, description="Commit, tag or branch of a hub encoder. Pin it.")
    threshold: float | Literal["auto"] = Field(
        "auto", description="Cosine from which an answer matches, -1..1; auto = so that unrelated pairs rarely do."
    )
    unrelated_share: float = Field(
        UNRELATED_SHARE,
        gt=0,
        le=0.5,
        description="With threshold auto: most unrelated pairs that may match, 0..0.5.",
    )

    @model_validator(mode="after")
    def _threshold_is_a_cosine(self) -> Semantic:
        if self.threshold != "auto" and not -1 <= self.threshold <= 1:
            raise ValueError(f"threshold must be auto or a cosine in -1..1, got {self.threshold}")
        if self.threshold != "auto" and self.unrelated_share != UNRELATED_SHARE:
            raise ValueError(
                f"unrelated_share is {self.unrelated_share}, which only threshold: auto uses; here threshold is "
                f"{self.threshold}. Write threshold: auto, or leave unrelated_share out"
            )
        return self


SAMPLING_ONLY: dict[str, Any] = {"repeats": 1, "temperature": 1.0, "top_k": 50, "top_p": 1.0}


class Prompts(Slice):
    unasked: ClassVar[frozenset[str]] = frozenset({"rouge", "semantic"})  # read when answers are compared

    source: Name = Field(description="Source of dialogues whose held-out part is asked.")
    max_items: int = Field(64, ge=2, description="Most prompts, drawn by seed, even over subset_name.")
    max_new_tokens: int = Field(256, ge=1, description="Longest answer, in tokens.")
    decoding: Decoding = Field(
        "greedy", description="greedy: the likeliest token each time; sampling: drawn, with a seed."
    )
    repeats: int = Field(
        1, ge=1, le=100, description="Answers to each prompt, for sampling; they are averaged prompt by prompt."
    )
    temperature: float = Field(1.0, gt=0, le=10, description="For sampling: above 1 flatter, below 1 sharper.")
    top_k: int | None = Field(50, ge=1, description="For sampling: only the likeliest tokens; null = all.")
    top_p: float = Field(1.0, gt=0, le=1, description="For sampling: only the likeliest tokens of this mass.")
    metric_tokens: dict[Literal["bleu", "chrf++", "rouge", "semantic"], int] = Field(
        default_factory=dict,
        description="Metric -> tokens of each answer that it sees, up to max_new_tokens; the rest see all.",
    )
    rouge: Literal["unicode", "ascii"] = Field(
        "unicode",
        description="Words of ROUGE: of any script, or a-z and 0-9 alone, as its first tool had it.",
    )
    semantic: list[Semantic] = Field(
        default_factory=list, description="Sentence encoders that judge whether an answer means its reference."
    )
    engine: Literal["transformers", "server"] = Field(
        "transformers",
        description="Who answers: this program, or an OpenAI-compatible server such as vLLM (--server).",
    )

    @model_validator(mode="after")
    def _fields_meet(self) -> Prompts:
        if self.decoding == "greedy":
            for field, default in SAMPLING_ONLY.items():
                if (value := getattr(self, field)) != default:
                    raise ValueError(
                        f"{field} is {value}, which only decoding: sampling uses. Write "
                        f"{field}: {default}, or decoding: sampling"
                    )
        for metric, tokens in self.metric_tokens.items():
            if not 1 <= tokens <= self.max_new_tokens:
                raise ValueError(
                    f"metric_tokens.{metric} must be in 1..{self.max_new_tokens} (max_new_tokens), got {tokens}"
                )
        names = [s.name for s in self.semantic]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two of semantic are named {twice[0]}")
        return self


class InContext(Slice):
    source: Name | None = Field(
        None,
        description="Dialogues whose held-out part is asked with examples and without; null = lists of letters, "
        "a task in no language.",
    )
    shots: int = Field(5, ge=1, le=50, description="Examples before the question.")
    max_items: int = Field(48, ge=2, description="Most questions.")


class BenchmarkTask(Slice):
    name: str = Field(description="A benchmark of `rantau data benchmarks`, or any task of lm-evaluation-harness.")
    shots: int | None = Field(
        None, ge=0, le=100, description="Examples before each question; null = as its leaderboard has it."
    )
    max_items: int | None = Field(
        None, ge=1, description="Only the first questions of each of its tasks; null = all."
    )
    revision: str | None = Field(
        None, description="Commit of its data set on the hub; needed where benchmark_data is null."
    )

    @field_validator("revision")
    @classmethod
    def _is_a_commit(cls, revision: str | None) -> str | None:
        if revision is not None and not COMMIT.fullmatch(revision):
            raise ValueError(
                f"must be a commit, 40 hexadecimal digits, got {revision!r}: a branch or a tag can move"
            )
        return revision


class Evaluation(Slice):
    texts: list[HeldOutText] = Field(min_length=1, description="Held-out texts for bits per byte.")
    prompts: Prompts | None = Field(None, description="Held-out prompts for generated answers.")
    in_context: InContext | None = Field(
        default_factory=InContext,
        description="What examples in the prompt are worth before and after: perplexity does not show that loss.",
    )
    benchmarks: list[BenchmarkTask] = Field(
        default_factory=list, description="Benchmarks by name, asked through lm-evaluation-harness."
    )
    benchmark_data: str | None = Field(
        None,
        description="Folder that `rantau data import-benchmarks` made, beside the recipe; null = from the hub.",
    )
    fail_if: list[str] = Field(
        default_factory=list,
        description="Conditions under which the run fails before export, such as `source_bpb_rise > 0.02`.",
    )
    context_tokens: int = Field(512, ge=16, description="Tokens that a model sees at once when text is scored.")
    resamples: int = Field(2000, ge=200, le=100_000, description="Bootstrap resamples over items.")
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="Level of all intervals.")

    @model_validator(mode="after")
    def _data_come_from_one_place(self) -> Evaluation:
        pinned = [b.name for b in self.benchmarks if b.revision is not None]
        if pinned and self.benchmark_data is not None:
            raise ValueError(
                f"benchmarks.{pinned[0]}.revision is for data of the hub, but benchmark_data names the folder "
                f"{self.benchmark_data}, whose files enter by content. Leave one of them out"
            )
        return self
