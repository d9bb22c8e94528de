"""The recipe, slice by slice, in the order of the flow. Every field changes behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from rantau.recipe.adapters import adapter_problems
from rantau.recipe.base import Name, Share, Slice
from rantau.recipe.curation import Curation
from rantau.recipe.evaluation import Evaluation
from rantau.recipe.gates import gate_problems
from rantau.recipe.training import Adapter, Formatting, Model, Phase, Vocabulary


class Language(Slice):
    target: str = Field(description="Language to learn, ISO 639-3 code of a profile (ind, kor, jav, sun, min).")
    source: str = Field("eng", description="Language that the base model speaks and must not forget.")


class Holdout(Slice):
    share: Share = Field(0.1, description="Share of the groups that are never trained on, 0..1.")
    by: str = Field(
        "row",
        description="What stays together: row, block (neighbouring rows: sentences of one article), or a column.",
    )
    block_rows: int = Field(50, ge=1, description="Rows in a block, for by: block.")


class Source(Slice):
    name: Name = Field(description="Short name; phases and evaluation refer to it.")
    path: str = Field(
        description="File or folder (parquet, jsonl, json, csv, txt), package:<module>/<path>, hub:<id>."
    )
    shape: Literal[
        "auto", "text", "cendol", "messages", "sharegpt", "alpaca", "prompt_completion", "preference",
        "tagged_words", "chatterbot", "topics",
    ] = Field("auto", description="How a row is read; auto recognises it by its columns.")  # fmt: skip
    language: str = Field(description="Language of the text, ISO 639-3.")
    license: str = Field(description="Licence of the text: SPDX id, or the words of its publisher.")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Other names of columns: expected name -> name in the file."
    )
    where: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Keep rows whose column has one of these values; count the rest.",
    )
    revision: str | None = Field(None, description="Commit of a hub data set. Pin it.")
    split: str = Field("train", description="Split of a hub data set.")
    on_bad_row: Literal["error", "drop"] = Field(
        "error", description="Stop at a bad row, or drop it and write it aside with file and line."
    )
    holdout: Holdout = Field(default_factory=Holdout, description="What is kept for measuring.")


class Report(Slice):
    title: str | None = Field(None, description="Title of the report and card; null = from name and language.")
    language: Literal["eng", "ind", "kor"] = Field("eng", description="Language of the report and the model card.")
    country: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        description="Where it runs, ISO 3166 (IDN, KOR), for the carbon of its power; null = the world's mean.",
    )
    samples: int = Field(8, ge=0, description="Answers shown side by side: best, median and worst by chrF++.")


class Export(Slice):
    merged: bool = Field(True, description="Also write merged safetensors, after proving equal logits.")
    gguf: list[Literal["f32", "f16", "bf16", "q8_0", "q4_k_m", "q5_k_m"]] = Field(
        default_factory=list, description="Also write GGUF files of these kinds, with an Ollama Modelfile."
    )
    ctranslate2: bool = Field(False, description="Also write a CTranslate2 model with int8 weights.")
    zip: bool = Field(False, description="Also write the bundle as one zip file.")
    adapter_license: str = Field("apache-2.0", description="Licence of the adapter, for the model card.")


class CorpusRecipe(Slice):
    """Sources and curation alone: all that a sampled corpus needs."""

    name: Name = Field(description="Name of the run: runs/<name>/.")
    profile: Literal["better", "seed"] = Field(
        "better", description="Defaults of the named switches: better practice, or as the seeds did it."
    )
    seed: int = Field(42, ge=0, lt=2**31, description="Seed of every draw.")
    repeat: int = Field(
        0,
        ge=0,
        lt=1000,
        description="Number of a repetition: other samples, mixtures, weights and order; what is held out stays.",
    )
    language: Language
    sources: list[Source] = Field(min_length=1)
    curation: Curation = Field(default_factory=Curation)

    @property
    def draw_seed(self) -> int:
        """Seed of sampling, mixture and training: `seed` itself, or another one in each repetition."""
        return (self.seed + 7_919 * self.repeat) % 2**31

    @model_validator(mode="after")
    def _sources_meet(self) -> CorpusRecipe:
        asked = [("curation.sampling", name) for plan in self.curation.sampling for name in plan.sources]
        asked += [("curation.caps", cap.source) for cap in self.curation.caps]
        problems = _twice("sources", self.sources) + _unknown(asked, self.sources)
        sampled = [name for where, name in asked if where == "curation.sampling"]
        problems += [
            f"curation.sampling: {n} is in two plans" for n in sorted(set(sampled)) if sampled.count(n) > 1
        ]
        problems += _twice(
            "steps of curation.sampling", [s for plan in self.curation.sampling for s in plan.steps]
        )
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Recipe(CorpusRecipe):
    model: Model
    vocabulary: Vocabulary = Field(default_factory=Vocabulary)
    formatting: Formatting = Field(default_factory=Formatting)
    adapter: Adapter = Field(default_factory=Adapter)
    phases: list[Phase] = Field(min_length=1)
    evaluation: Evaluation
    report: Report = Field(default_factory=Report)
    export: Export = Field(default_factory=Export)

    @model_validator(mode="after")
    def _names_meet(self) -> Recipe:
        asked = [(f"phases.{p.name}.mixture", s) for p in self.phases for s in p.mixture]
        asked += [(f"evaluation.texts.{t.name}", t.source) for t in self.evaluation.texts]
        if self.evaluation.prompts:
            asked.append(("evaluation.prompts", self.evaluation.prompts.source))
        if (probe := self.evaluation.in_context) and probe.source:
            asked.append(("evaluation.in_context", probe.source))
        problems = _twice("phases", self.phases) + _twice("evaluation.texts", self.evaluation.texts)
        problems += _twice("evaluation.benchmarks", self.evaluation.benchmarks)
        asked += [("vocabulary.sources", s) for s in self.vocabulary.sources]
        problems += _unknown(asked, self.sources)
        problems += _other_language(self.evaluation, self.sources, self.language.target)
        problems += adapter_problems(self.model, self.phases, [self.adapter_of(phase) for phase in self.phases])
        problems += gate_problems(
            self.evaluation, {s.name: s.language for s in self.sources},
            target=self.language.target, source=self.language.source,
        )  # fmt: skip
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def adapter_of(self, phase: Phase) -> Adapter:
        """The phase's own adapter, or that of the recipe."""
        return phase.adapter or self.adapter


def _twice(what: str, named: Sequence[Any]) -> list[str]:
    names = [element.name for element in named]
    return [f"two {what} are named {name}" for name in sorted({n for n in names if names.count(n) > 1})]


def _unknown(asked: Sequence[tuple[str, str]], sources: Sequence[Source]) -> list[str]:
    names = [s.name for s in sources]
    return [
        f"{where} names the source {name}, which is not in sources ({', '.join(names)})"
        for where, name in asked
        if name not in names
    ]


def _other_language(evaluation: Evaluation, sources: Sequence[Source], target: str) -> list[str]:
    """Answers are judged in the words of the target language, and by whether they come in it."""
    return [
        f"evaluation.prompts.source: {source.name} is in {source.language}, but answers are measured as {target} "
        f"(language.target). Name a source in {target}, or measure {source.name} as one of evaluation.texts"
        for source in sources
        if evaluation.prompts and source.name == evaluation.prompts.source and source.language != target
    ]
