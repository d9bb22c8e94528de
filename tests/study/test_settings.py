"""What an arm's trainings came to."""

from dataclasses import replace
from pathlib import Path

import pytest

from rantau import files
from rantau.recipe import check_recipe
from rantau.run.manifest import Manifest
from rantau.study.design import Arm, Study
from rantau.study.settings import settings_of
from tests.study.made import recipe, said, trial


def test_a_continued_step_counts_once_and_tokens_are_of_all_phases(tmp_path: Path) -> None:
    done = trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)])
    content = recipe(1).model_dump(mode="json", by_alias=True)
    (talk,) = content["phases"]
    two = check_recipe(content | {"phases": [talk | {"name": "read"}, talk]}, where="made")
    first = tmp_path / "a-0" / "train-read"
    files.write_json(first / "summary.json", {"learnt_tokens": 7000, "trainable": 32})
    Manifest("train-read", 1, "k", {}, {}, {}, "d", {}, {"wall_s": 3.0}).write(first)
    rows = [{"step": n, "loss": 9.0} for n in range(1, 11)]  # killed behind step 10, continued from step 5
    rows += [{"step": n, "loss": 11.0 - n} for n in range(6, 11)]
    files.write_jsonl(done.folders["train-talk"] / "loss.jsonl", rows)
    done = replace(done, trial=replace(done.trial, recipe=two), folders={**done.folders, "train-read": first})
    study = Study(name="s", base="made.yaml", arms=[Arm(name="a"), Arm(name="b")])
    trials = [done.trial, replace(done.trial, arm="b")]
    a, b = settings_of(study, two, trials, [done])
    assert (a.learnt_tokens, a.trainable, b.learnt_tokens) == (8000, 64, None)
    assert a.train_loss == pytest.approx(1.0), "one step of ten, not two rows of fifteen"
    assert a.wall_s == pytest.approx(2.0 * 4 + 3.0)
