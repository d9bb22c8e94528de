"""Reading: from the folders of the stages before to facts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.energy import Energy
from rantau.recipe import Recipe
from rantau.records import BenchmarkResult, Gate
from rantau.run.manifest import Manifest
from rantau.stages.report.facts import (
    AnswerLanguages,
    DocumentChange,
    Facts,
    Fertility,
    Part,
    SourceFacts,
    StageFacts,
)
from rantau.stages.report.names import language_names, short_base
from rantau.stages.report.phases import phase_facts
from rantau.stages.report.results import results_of
from rantau.stages.report.running import Running, Speed, StageRun
from rantau.stages.report.samples import pick
from rantau.stages.report.vocabulary_facts import VocabularyFacts

Folders = Mapping[str, Path]


def read_facts(recipe: Recipe, inputs: Folders) -> Facts:
    """All facts of a run.

    inputs   stage name -> folder of its finished artefact
    Raises   SourceError or DataError if a file of the contract is missing or damaged
    """
    sources = _sources(recipe, inputs)
    samples = _samples(recipe, inputs["compare"])
    target = language_names(recipe.language.target)
    codes = {recipe.language.target, recipe.language.source, *target.confused_with}
    benchmarks = _benchmarks(inputs)
    codes |= {s.language for s in recipe.sources} | {b.language for b in benchmarks}
    summary = Manifest.read(inputs["format"]).summary
    return Facts(
        name=recipe.name,
        title=recipe.report.title or f"{short_base(recipe.model.base)}, adapted to {target.name}",
        base=recipe.model.base,
        target=target,
        source=language_names(recipe.language.source),
        languages={code: language_names(code).name for code in sorted(codes)},
        short_codes={code: language_names(code).short for code in sorted(codes)},
        sources=sources,
        composition=tuple(Part(**r) for r in files.read_json(inputs["mix"] / "composition.json")),
        fertility=tuple(Fertility(**r) for r in files.read_json(inputs["format"] / "fertility.json")),
        phases=phase_facts(recipe, inputs),
        template=str(summary.get("template", recipe.formatting.template)),
        template_notes=tuple(summary.get("notes", ())),
        results=results_of(files.read_json(inputs["compare"] / "scores.json")),
        measured=_measured(recipe),
        documents=_documents(inputs["answer-base"], inputs["answer-adapted"]),
        answer_languages=_answer_languages(samples),
        picked=pick(samples, recipe.report.samples),
        n_items=len(samples),
        stages=tuple(_stage(name, folder) for name, folder in inputs.items()),
        vocabulary=_vocabulary(inputs),
        benchmarks=benchmarks,
        gates=_gates(inputs["compare"] / "gates.json"),
        confidence=recipe.evaluation.confidence,
    )


def _sources(recipe: Recipe, inputs: Folders) -> tuple[SourceFacts, ...]:
    gathered = files.read_json(inputs["gather"] / "counts.json")
    curated = files.read_json(inputs["mix"] / "counts.json")
    used = {name for phase in recipe.phases for name, share in phase.mixture.items() if share > 0}
    return tuple(
        SourceFacts(
            name=source.name,
            origin=gathered[source.name]["origin"],
            language=source.language,
            license=gathered[source.name]["license"],
            rows=gathered[source.name]["rows"],
            read_drops=gathered[source.name]["dropped"],
            heldout=gathered[source.name]["heldout"],
            train=gathered[source.name]["train"],
            curation_drops=curated[source.name]["dropped"],
            kept=curated[source.name]["kept"],
            untold_language=curated[source.name].get("untold_language", 0),
            used=source.name in used,
        )
        for source in recipe.sources
    )


def _measured(recipe: Recipe) -> dict[str, str]:
    language = {s.name: s.language for s in recipe.sources}
    found = {t.name: language[t.source] for t in recipe.evaluation.texts}
    prompts = recipe.evaluation.prompts
    probe = recipe.evaluation.in_context
    asked = [s for s in (prompts and prompts.source, probe and probe.source) if s]
    return {**{source: language[source] for source in asked}, **found}


def _documents(base: Path, adapted: Path) -> tuple[DocumentChange, ...]:
    after = {(r["text"], r["document_id"]): r for r in files.read_jsonl(adapted / "texts.jsonl")}
    return tuple(
        DocumentChange(r["text"], r["document_id"], _bits(r), _bits(after[r["text"], r["document_id"]]))
        for r in files.read_jsonl(base / "texts.jsonl")
    )


def _bits(row: Mapping[str, Any]) -> float:
    return float(row["nats"] / math.log(2) / row["bytes"])


def _samples(recipe: Recipe, compare: Path) -> list[dict[str, Any]]:
    return files.read_jsonl(compare / "samples.jsonl") if recipe.evaluation.prompts else []


def _answer_languages(samples: Sequence[Mapping[str, Any]]) -> AnswerLanguages | None:
    if not samples:
        return None
    base, adapted = (
        dict(sorted(Counter(str(r[f"language_{system}"]) for r in samples).items()))
        for system in ("base", "adapted")
    )
    return AnswerLanguages(base, adapted)


def _stage(name: str, folder: Path) -> StageFacts:
    manifest = Manifest.read(folder)
    return StageFacts(name, manifest.version, manifest.key, manifest.digest)


def read_running(recipe: Recipe, inputs: Folders) -> Running:
    """Seconds, memory, versions and machine, as the manifests of the stages say."""
    manifests = {name: Manifest.read(folder) for name, folder in inputs.items()}
    speeds = []
    for phase in recipe.phases:
        row = files.read_json(inputs[f"train-{phase.name}"] / "speed.json")
        speeds.append(_speed(phase.name, row))
    last = manifests[f"train-{recipe.phases[-1].name}"].provenance
    return Running(
        speeds=tuple(speeds),
        stages=tuple(
            StageRun(name, str(m.provenance["started"]), float(m.provenance["wall_s"]))
            for name, m in manifests.items()
        ),
        packages={str(k): str(v) for k, v in last["packages"].items()},
        machine={str(k): str(v) for k, v in last["machine"].items() if v is not None},
    )


def _speed(phase: str, row: Mapping[str, Any]) -> Speed:
    return Speed(
        phase=phase,
        micro_batch=row.get("micro_batch"),
        energy=_energy(row.get("energy")),
        accelerators=tuple(row.get("accelerators", ())),
        **{k: row[k] for k in ("wall_s", "tokens_per_s", "peak_gib", "device")},
    )


def _energy(drawn: Mapping[str, Any] | None) -> Energy | None:
    if not drawn or drawn["method"] == "not recorded":
        return None
    return Energy(**{**drawn, "missing": tuple(drawn["missing"])})


def _gates(path: Path) -> tuple[Gate, ...]:
    return tuple(map(Gate.from_row, files.read_json(path))) if path.is_file() else ()


def _vocabulary(inputs: Folders) -> VocabularyFacts | None:
    if "vocabulary" not in inputs:
        return None
    return VocabularyFacts.of(files.read_json(inputs["vocabulary"] / "summary.json"))


def _benchmarks(inputs: Folders) -> tuple[BenchmarkResult, ...]:
    if "benchmarks" not in inputs:
        return ()
    rows = files.read_json(inputs["benchmarks"] / "benchmarks.json")
    return tuple(BenchmarkResult.from_row(row) for row in rows)
