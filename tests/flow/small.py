"""A whole run in seconds: a tiny random base, a few hundred rows of text made for the tests."""

import os
import random
import subprocess
import sys
from pathlib import Path

from rantau import files

ROOT = Path(__file__).parents[2]
NOUNS = "rumah sekolah pasar sungai gunung kota desa kebun laut jalan toko kantor sawah hutan".split()
VERBS = "melihat membeli menjual menanam mencari membawa menulis membaca memasak menjaga".split()
PEOPLE = "ibu ayah guru petani nelayan pedagang anak kakak adik dokter sopir penulis".split()
ENGLISH = "the old house stands near a wide river where people walk to buy fresh bread".split()

RECIPE = """\
name: small
language: {{target: ind}}
model: {{base: {base}}}
sources:
  - {{name: news, path: news.txt, language: ind, license: CC0-1.0, holdout: {{share: 0.2}}}}
  - {{name: english, path: english.jsonl, language: eng, license: CC0-1.0, holdout: {{share: 0.2}}}}
  - {{name: talks, path: talks.jsonl, language: ind, license: CC0-1.0, on_bad_row: drop, holdout: {{share: 0.2}}}}
curation:
  held_out_words: 20
  language: {{detector: none}}
  sampling:
    - sources: [news]
      steps:
        - name: topics
          method: cluster
          k: 4
          n: 100
          maps: [pca, tsne]  # UMAP takes 20 s to get ready: test_sample.py draws it
          features: {{parts: [{{kind: tfidf, svd: 8}}]}}
adapter: {{rank: 4, loraplus_ratio: 4}}
phases:
  - {{name: read, kind: cpt, mixture: {{news: 0.8, english: 0.2}}, max_tokens: 64, checkpoint_steps: 3}}
  - {{name: talk, kind: sft, mixture: {{talks: 1.0}}, max_tokens: 128, batch_size: 4, checkpoint_steps: 3}}
evaluation:
  texts: [{{name: news, source: news, max_documents: 12}}, {{name: english, source: english, max_documents: 12}}]
  prompts: {{source: talks, max_items: 10, max_new_tokens: 8}}
  resamples: 200
report: {{samples: 3}}
"""


def sentence(draw: random.Random) -> str:
    words = [draw.choice(PEOPLE), draw.choice(VERBS), "sesuatu di", draw.choice(NOUNS), "lalu pulang ke"]
    return " ".join([*words, draw.choice(NOUNS), "bersama", draw.choice(PEOPLE)]).capitalize() + "."


def write_project(folder: Path, base: Path, *, rows: int = 160) -> Path:
    """News, English text and dialogues beside a recipe; one dialogue has an empty answer. Returns the recipe."""
    draw = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "news.txt").write_text("\n\n".join(f"{sentence(draw)} {sentence(draw)}" for _ in range(rows)))
    english = ({"text": " ".join(draw.sample(ENGLISH, len(ENGLISH)))} for _ in range(rows // 2))
    files.write_jsonl(folder / "english.jsonl", english)
    talks = [{"prompt": f"{sentence(draw)} Apa?", "completion": sentence(draw)} for _ in range(rows // 2)]
    files.write_jsonl(folder / "talks.jsonl", [*talks, {"prompt": "Apa kabar?", "completion": ""}])
    recipe = folder / "small.yaml"
    recipe.write_text(RECIPE.format(base=base))
    return recipe


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "rantau", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}


def rantau(*arguments: object, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command line in its own process, as a user would."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(), input=stdin, capture_output=True, text=True, check=False
    )
