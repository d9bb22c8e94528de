"""Citation: BibTeX of this model, and of the methods that its recipe really used."""

from __future__ import annotations

from collections.abc import Iterator

from rantau.recipe import Recipe
from rantau.stages.report.card.details import title
from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.wording import Wording

# key -> authors, title, year, arXiv number
PAPERS = {
    "lora": ("Hu, Edward J. and others", "{LoRA}: Low-Rank Adaptation of Large Language Models", 2021,
             "2106.09685"),
    "rslora": ("Kalajdzievski, Damjan", "A Rank Stabilization Scaling Factor for Fine-Tuning with {LoRA}", 2023,
               "2312.03732"),
    "loraplus": ("Hayou, Soufiane and Ghosh, Nikhil and Yu, Bin",
                 "{LoRA+}: Efficient Low Rank Adaptation of Large Models", 2024, "2402.12354"),
    "dora": ("Liu, Shih-Yang and others", "{DoRA}: Weight-Decomposed Low-Rank Adaptation", 2024, "2402.09353"),
    "pissa": ("Meng, Fanxu and Wang, Zhaohui and Zhang, Muhan",
              "{PiSSA}: Principal Singular Values and Singular Vectors Adaptation of Large Language Models", 2024,
              "2404.02948"),
    "loftq": ("Li, Yixiao and others",
              "{LoftQ}: {LoRA}-Fine-Tuning-Aware Quantization for Large Language Models", 2023, "2310.08659"),
    "qlora": ("Dettmers, Tim and others", "{QLoRA}: Efficient Finetuning of Quantized {LLMs}", 2023, "2305.14314"),
    "dpo": ("Rafailov, Rafael and others",
            "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", 2023, "2305.18290"),
    "lacoste": ("Lacoste, Alexandre and Luccioni, Alexandra and Schmidt, Victor and Dandres, Thomas",
                "Quantifying the Carbon Emissions of Machine Learning", 2019, "1910.09700"),
}  # fmt: skip


def citation(facts: Facts, recipe: Recipe, running: Running, words: Wording) -> str:
    """The model first; its year is that in which the training began."""
    version = running.packages.get("rantau", "")
    year = next(s for s in running.stages if s.name.startswith("train-")).started[:4]
    name = title(facts, recipe, words).replace("{", "(").replace("}", ")").replace('"', '{"}')
    own = [
        f"@misc{{{facts.name}_{year},",
        f'  title = "{name}",',
        f"  year = {{{year}}},",
        f"  note = {{rantau {version}, {facts.name}, {recipe.seed}, {recipe.model.base}}}",
        "}",
    ]
    return "\n".join([*own, *(line for key in _used(recipe, running) for line in _entry(key))])


def _used(recipe: Recipe, running: Running) -> Iterator[str]:
    adapters = [recipe.adapter_of(phase) for phase in recipe.phases]
    yield "lora"
    used = {
        "rslora": any(a.rslora for a in adapters),
        "loraplus": any(a.loraplus_ratio != 1 for a in adapters),
        "dora": any(a.dora for a in adapters),
        "pissa": any(a.init == "pissa" for a in adapters),
        "loftq": any(a.init == "loftq" for a in adapters),
        "qlora": recipe.model.quantisation == "nf4",
        "dpo": any(phase.kind == "dpo" for phase in recipe.phases),
        "lacoste": running.energy is not None,
    }
    yield from (key for key, so in used.items() if so)


def _entry(key: str) -> list[str]:
    authors, name, year, number = PAPERS[key]
    return [
        "",
        f"@misc{{{key},",
        f'  title = "{name}",',
        f"  author = {{{authors}}},",
        f"  year = {{{year}}},",
        f"  note = {{arXiv {number}}}",
        "}",
    ]
