"""A recipe with words of its own, as a user runs it: learnt, killed, answered, exported, opened elsewhere."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from rantau.files import read_json
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.model.vocabulary import extend_model
from rantau.recipe import Model
from tests.flow.small import environment, rantau, write_project
from tests.tiny import build_tiny_base
from tests.waiting import until

N_BASE, N_WORDS = 400, 60
ASKED = """\
vocabulary: {extend: 60, rate_share: 0.5, weight_decay: 0.1}
adapter: {rank: 4, loraplus_ratio: 4}
phases: [{name: read, kind: cpt, mixture: {news: 0.8, english: 0.2}, max_tokens: 128, checkpoint_steps: 3}]
evaluation:
  texts: [{name: news, source: news, max_documents: 12}]
  resamples: 200
export: {merged: true}
"""
TEXT = "Ibu membeli sesuatu di pasar, lalu pulang ke desa bersama nelayan. Guru melihat 17 rumah!"


def write_recipe(folder: Path, *, tied: bool) -> Path:
    """The small project with one phase, an extended vocabulary and merged weights; returns its base."""
    base = build_tiny_base(folder / "base")
    if not tied:
        config = AutoConfig.from_pretrained(base)
        config.tie_word_embeddings = False
        with torch.random.fork_rng():
            torch.manual_seed(1)
            AutoModelForCausalLM.from_config(config).save_pretrained(base)
    path = write_project(folder, base)
    head, _, _ = path.read_text().partition("adapter:")
    path.write_text(head + ASKED)
    return base


def run(folder: Path, store: str) -> dict[str, dict[str, Any]]:
    result = rantau("run", "small.yaml", "--store", store, "--runs", f"runs-{store}", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return {o["stage"]: o for o in json.loads(result.stdout)}


class Run:
    """A finished run: its base, and the folder of each stage."""

    def __init__(self, folder: Path, *, tied: bool) -> None:
        self.folder, self.tied = folder, tied
        self.base = Model(base=str(write_recipe(folder, tied=tied)))
        self.digests = {stage: o["digest"] for stage, o in run(folder, "calm").items()}

    def stage(self, name: str) -> Path:
        (found,) = (self.folder / "calm" / name).glob("*")
        return found

    def adapted(self) -> Any:
        base = load_base(self.base, Machine())
        extend_model(base, self.stage("vocabulary"))
        return load_adapter(base, self.stage("train-read") / "adapter", trainable=False).eval()


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("words"), tied=request.param)


def test_plain_transformers_opens_the_merged_model(done: Run) -> None:
    merged = done.stage("export") / "merged"
    tokenizer, model = AutoTokenizer.from_pretrained(merged), AutoModelForCausalLM.from_pretrained(merged).eval()
    ours = load_tokenizer(done.base, vocabulary=done.stage("vocabulary"))
    ids = tokenizer(TEXT, return_tensors="pt").input_ids
    assert ids.tolist() == [ours(TEXT).input_ids] and tokenizer.decode(ids[0]) == TEXT
    assert len(ids[0]) < len(load_tokenizer(done.base)(TEXT).input_ids)
    assert any(int(i) >= N_BASE for i in ids[0])
    with torch.inference_mode():
        torch.testing.assert_close(model(ids).logits, done.adapted()(ids).logits, rtol=1e-4, atol=1e-5)
    rows = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert [len(weight) for weight in rows] == [512, 512]  # 400 + 60 words, and up to a multiple of 64
    assert (rows[0] is rows[1]) == done.tied == model.config.tie_word_embeddings


def test_only_the_new_rows_left_the_base(done: Run) -> None:
    words = read_json(done.stage("vocabulary") / "words.json")
    assert (words["first_id"], len(words["words"])) == (N_BASE, N_WORDS)
    merged = AutoModelForCausalLM.from_pretrained(done.stage("export") / "merged")
    base = load_base(done.base, Machine())
    begun = load_base(done.base, Machine())
    extend_model(begun, done.stage("vocabulary"))
    new = slice(N_BASE, N_BASE + N_WORDS)
    for get in ("get_input_embeddings", "get_output_embeddings"):
        old, start, now = (getattr(model, get)().weight for model in (base, begun, merged))
        assert torch.equal(now[:N_BASE], old) and torch.equal(now[new.stop :], start[new.stop :])
        assert not torch.isclose(now[new], start[new]).all()


def test_the_bundle_holds_the_rows_and_the_words(done: Run) -> None:
    bundle = done.stage("export") / "bundle"
    state = load_file(bundle / "adapter_model.safetensors")
    rows = {name: tuple(t.shape) for name, t in state.items() if "token_adapter" in name}
    assert set(rows.values()) == {(N_WORDS, 32)} and len(rows) == (1 if done.tied else 2)
    assert (bundle / "words.json").read_bytes() == (done.stage("vocabulary") / "words.json").read_bytes()
    ours = load_tokenizer(done.base, vocabulary=done.stage("vocabulary"))
    assert AutoTokenizer.from_pretrained(bundle)(TEXT).input_ids == ours(TEXT).input_ids


def test_both_systems_are_scored_on_the_same_bytes(done: Run) -> None:
    scores = read_json(done.stage("compare") / "scores.json")
    by = {(row["metric"], row["system"]): row for row in scores}
    assert {by["bits_per_byte", s]["n"] for s in ("base", "adapted")} == {12}
    assert "each system's own tokenizer" in by["perplexity", "adapted"]["signature"]
    texts = {s: (done.stage(f"answer-{s}") / "texts.jsonl").read_text().splitlines() for s in ("base", "adapted")}
    base, adapted = ([json.loads(line) for line in texts[s]] for s in ("base", "adapted"))
    assert [row["bytes"] for row in base] == [row["bytes"] for row in adapted]
    assert sum(row["tokens"] for row in adapted) < sum(row["tokens"] for row in base)


def test_one_talks_with_both_models(done: Run) -> None:
    for more in ([], ["--base"]):
        said = rantau("chat", "small", "--runs", "runs-calm", *more, cwd=done.folder, stdin="Ibu membeli apa?\n")
        assert said.returncode == 0, said.stderr


HELD = """
import signal
from pathlib import Path
from transformers import Trainer
from rantau.cli import main

save, folders = Trainer._save_optimizer_and_scheduler, []

def held(trainer, folder):
    folders.append(folder)
    if len(folders) == 2:
        Path("held").touch()
        signal.pause()
    save(trainer, folder)

if __name__ == "__main__":
    Trainer._save_optimizer_and_scheduler = held
    main()
"""
"""rantau, standing still amid its second checkpoint: weights are there, moments are not."""


def test_killed_amid_new_rows_it_ends_with_the_same_bytes(done: Run) -> None:
    later = shutil.ignore_patterns("train-read", "answer-adapted", "compare", "report", "export", "lock")
    shutil.copytree(done.folder / "calm", done.folder / "killed", ignore=later)
    (done.folder / "held.py").write_text(HELD)
    options = ["--store", "killed", "--runs", "runs-killed", "--quiet"]
    arguments = [sys.executable, "held.py", "run", "small.yaml", *options]
    with subprocess.Popen(arguments, cwd=done.folder, env=environment()) as running:
        try:
            held = done.folder / "held"
            until(lambda: held.exists() or running.poll() is not None, "the second checkpoint", limit_s=240)
        finally:
            running.kill()
    assert running.returncode == -signal.SIGKILL, "the phase ended before its second checkpoint"
    assert len(list((done.folder / "killed").glob("train-read/*.part/checkpoints/checkpoint-*"))) == 2
    assert {stage: o["digest"] for stage, o in run(done.folder, "killed").items()} == done.digests
