"""Trackers show what the journal says, change no byte, and stop no training."""

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MachineError, RecipeError
from rantau.machine import detect
from rantau.stages.training import trackers
from rantau.stages.training.stage import train_stage
from rantau.stages.training.trackers import Shown, check_trackers
from tests.stages.training.harness import context, lasting, recipe, write_rows

NAMES = ("loss", "learning_rate", "grad_norm", "tokens_per_s", "padding", "held_back_bits_per_byte")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("format"))


def train(base: Path, rows: Path, folder: Path, *report_to: str, people: Path | None = None) -> dict[str, str]:
    """A phase of 8 steps; hashes of what lasts."""
    asked = recipe(base, epochs=2.0, early_stopping={"share": 0.25, "every_steps": 4})
    stage = train_stage(asked.phases[0], None)
    ctx = context(asked, stage, {"format": rows}, folder / "abc.part", report_to=report_to)
    stage.run(replace(ctx, people=people))
    return {name: value for name, value in lasting(folder / "abc.part", stage).items() if "trackers" not in name}


@pytest.fixture(scope="module")
def untracked(tiny_base: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return train(tiny_base, rows, tmp_path_factory.mktemp("untracked"))


def expected(folder: Path) -> dict[str, dict[int, float]]:
    """What should have been shown, by the journal: name -> step -> value."""
    found: dict[str, dict[int, float]] = {name: {} for name in NAMES}
    for row in files.read_jsonl(folder / "abc.part" / "loss.jsonl"):
        for name in NAMES[:3]:
            found[name][row["step"]] = row[name]
    for row in files.read_jsonl(folder / "abc.part" / "speed.jsonl"):
        found["tokens_per_s"][row["step"]], found["padding"][row["step"]] = row["tokens_per_s"], row["pad_share"]
    for row in files.read_jsonl(folder / "abc.part" / "held_back.jsonl"):
        found["held_back_bits_per_byte"][row["step"]] = row["bits_per_byte"]
    assert [len(values) for values in found.values()] == [8, 8, 8, 8, 8, 2]
    return found


def test_tensorboard_reads_back_what_the_journal_says(
    tiny_base: Path, rows: Path, untracked: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="the extra trackers is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    people = tmp_path / "runs" / "small"
    assert train(tiny_base, rows, tmp_path, "tensorboard", people=people) == untracked
    events = EventAccumulator(str(people / "trackers" / "tensorboard" / "small-cpt"))
    events.Reload()
    for name, values in expected(tmp_path).items():
        shown = {event.step: event.value for event in events.Scalars(f"train/{name}")}
        assert shown == pytest.approx(values, rel=1e-6), name


def test_a_continued_phase_shows_each_step_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra trackers is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for resumed_at, steps in ((0, range(1, 8)), (4, range(5, 10))):
        shown = Shown(tmp_path, "small-cpt", "cpt-abc", resumed_at, {})
        with trackers.trackers(shown, ["tensorboard"], print) as opened:
            for step in steps:
                opened.log(step, {"loss": float(step)})
    events = EventAccumulator(str(tmp_path / "tensorboard" / "small-cpt"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(n, float(n)) for n in range(1, 10)]


def test_where_nobody_looks_the_files_are_no_result(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra trackers is not installed")
    from rantau.run.manifest import digest_of, list_files

    train(tiny_base, rows, tmp_path, "tensorboard")
    stage = train_stage(recipe(tiny_base).phases[0], None)
    listing = list_files(tmp_path / "abc.part", stage.volatile)
    shown = {name for name in listing if name.startswith("trackers/")}
    assert shown and all(listing[name]["volatile"] for name in shown)
    assert digest_of(listing) == digest_of({n: f for n, f in listing.items() if n not in shown})


def test_a_missing_library_is_told_before_anything_is_read(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "wandb" else real(name, *a))
    with pytest.raises(
        MachineError, match=r"--report-to wandb needs the library wandb, .*pip install 'rantau\[trackers\]'"
    ):
        train(tiny_base, tmp_path / "no rows here", tmp_path, "wandb")
    check_trackers(())


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"--report-to must be one of tensorboard, wandb, trackio, got mlflow"):
        detect("cpu", report_to=("mlflow",))
    assert detect("cpu", report_to=("wandb", "tensorboard", "wandb")).report_to == ("wandb", "tensorboard")


class Failing:
    """Works for two steps."""

    def __init__(self, shown: Shown) -> None:
        self.steps: list[int] = []

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if step == 3:
            raise ConnectionError("no route to the tracker")
        self.steps.append(step)

    def close(self) -> None:
        raise AssertionError("it is left out by then")


def test_a_tracker_that_fails_is_left_out_and_the_phase_goes_on(
    tiny_base: Path, rows: Path, untracked: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("rantau.run.progress.Progress.say", lambda self, text: said.append(text))
    monkeypatch.setitem(trackers.KNOWN, "wandb", Failing)
    monkeypatch.setattr("rantau.stages.training.stage.check_trackers", lambda names: None)
    monkeypatch.setattr(trackers, "check_trackers", lambda names: None)
    assert train(tiny_base, rows, tmp_path, "wandb") == untracked
    assert [text for text in said if "left out" in text] == [
        "wandb failed and is left out from here on (ConnectionError: no route to the tracker)."
    ]


def test_values_that_are_no_number_are_not_shown() -> None:
    seen: list[Any] = []

    class Keeping(Failing):
        def log(self, step: int, values: Mapping[str, float]) -> None:
            seen.append(dict(values))

        def close(self) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trackers.KNOWN, "wandb", Keeping)
        opened = trackers.Trackers(Shown(Path(), "", "", 0, {}), ["wandb"], print)
        opened.log(1, {"loss": 2.0, "grad_norm": None, "padding": float("nan")})
        opened.close()
    assert seen == [{"loss": 2.0}]


def wandb_history(path: Path) -> list[dict[str, float]]:
    """Rows of a .wandb file: a head of 7 bytes, then records in blocks of 32 KiB, each after 4 bytes of checksum,
    2 of length and 1 of kind (1 whole, 2 first, 3 middle, 4 last part)."""
    import json

    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts, rows = path.read_bytes(), 7, b"", []
    assert data[:4] == b":W&B"
    while at < len(data):
        if 2**15 - at % 2**15 < 7:
            at += 2**15 - at % 2**15
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        parts, at = parts + data[at + 7 : at + 7 + length], at + 7 + length
        if kind in (1, 4):
            record, parts = Record.FromString(parts), b""
            if record.WhichOneof("record_type") == "history":
                items = record.history.item
                rows.append({(i.key or ".".join(i.nested_key)): json.loads(i.value_json) for i in items})
    return rows


def test_wandb_keeps_the_figures_offline(
    tiny_base: Path, rows: Path, untracked: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="the extra trackers is not installed")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    people = tmp_path / "runs" / "small"
    assert train(tiny_base, rows, tmp_path, "wandb", people=people) == untracked
    (path,) = (people / "trackers").rglob("*.wandb")
    assert path.parent.name.startswith("offline-run-") and path.name == "run-cpt-abc.wandb"
    found: dict[str, dict[int, float]] = {name: {} for name in NAMES}
    for row in wandb_history(path):
        for name in NAMES:
            if f"train/{name}" in row:
                found[name][int(row["_step"])] = row[f"train/{name}"]
    assert found == expected(tmp_path)


TRACKIO = """
import sys
from pathlib import Path
from rantau.stages.training.trackers import Shown, trackers
for resumed_at, steps in ((0, (1, 2, 3)), (3, (4, 5))):
    shown = Shown(Path(sys.argv[1]), "small-cpt", "cpt-abc", resumed_at, {"kind": "cpt"})
    with trackers(shown, ["trackio"], print) as t:
        for step in steps:
            t.log(step, {"loss": 6.0 - step, "padding": 0.1})
"""


def test_trackio_keeps_the_figures_in_a_local_data_base(tmp_path: Path) -> None:
    """In a process of its own: accelerate imports the library where it is, and its folder is then settled."""
    if importlib.util.find_spec("trackio") is None:
        pytest.skip("trackio needs an older pillow than constraints.txt has")
    import json
    import os
    import sqlite3
    import subprocess
    import sys

    env = {k: v for k, v in os.environ.items() if k != "TRACKIO_DIR"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRACKIO, str(tmp_path)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and not done.stdout, done.stderr
    with sqlite3.connect(tmp_path / "trackio" / "rantau.db") as base:
        shown = base.execute("select step, metrics from metrics order by id").fetchall()
    found = [(step, json.loads(metrics)) for step, metrics in shown]
    assert found == [(n, {"train/loss": 6.0 - n, "train/padding": 0.1}) for n in range(1, 6)]
