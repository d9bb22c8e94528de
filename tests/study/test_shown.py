"""What people see of a trial: links where it finished, and nothing but the reason where it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rantau import files
from rantau.errors import SourceError
from rantau.run.journal import read_journal
from rantau.run.manifest import Manifest
from rantau.run.runner import Step
from rantau.run.stage import Stage
from rantau.study.running import Done, _show
from rantau.study.steps import PlannedTrial
from rantau.study.trials import Trial
from tests.study.made import recipe


def planned(store: Path) -> PlannedTrial:
    """A trial of two stages, both in the store."""
    steps = []
    for name in ("gather", "compare"):
        folder = store / name / "0123456789abcdef"
        folder.mkdir(parents=True, exist_ok=True)
        Manifest(name, 1, "k", {}, {}, {}, "d", {}, {"wall_s": 2.0}).write(folder)
        stage = Stage(name=name, version=1, needs=(), slices=(), run=lambda _: None)
        steps.append(Step(stage, "k", {}, folder, True, "unchanged"))
    return PlannedTrial(Trial("a", 0, recipe(), store), tuple(steps))


def test_a_trial_that_fails_after_it_had_finished_shows_the_reason_alone(tmp_path: Path) -> None:
    one, folder = planned(tmp_path / "store"), tmp_path / "runs" / "s" / "trials" / "a-1"
    _show(folder, one, Done(one.trial, {}))
    assert sorted(p.name for p in (folder / "stages").iterdir()) == ["compare", "gather"]
    (folder / "notes.txt").write_text("mine")

    _show(folder, one, Done(one.trial, {}, "compare: no room", "Traceback"))
    assert sorted(p.name for p in folder.iterdir()) == ["error.txt", "notes.txt"]
    assert "compare: no room" in (folder / "error.txt").read_text()
    assert (
        files.read_json(tmp_path / "store" / "gather" / "0123456789abcdef" / "manifest.json")["stage"] == "gather"
    )
    with pytest.raises(SourceError, match=r"a-1: this run failed; error\.txt in it says why"):
        read_journal(folder)

    _show(folder, one, Done(one.trial, {}))
    assert sorted(p.name for p in folder.iterdir()) == ["notes.txt", "run.json", "stages"]
