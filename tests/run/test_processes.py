"""Local workers: their errors, their deaths, and that none is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rantau.errors import DataError, MachineError
from rantau.run.engine import map_shards
from rantau.run.progress import Progress
from tests.run import toy_shards
from tests.run.toy_shards import Slow, alive
from tests.waiting import until

QUIET = Progress(quiet=True)
DRIVER = """
import signal
from pathlib import Path
from rantau.run.engine import map_shards
from rantau.run.progress import Progress
from tests.run.toy_shards import Slow, slow_square
folder = Path({folder!r})
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell began the tests with `&`
    shards = [Slow(n, folder, 3600.0 if n else 0.0) for n in range(4)]
    map_shards(slow_square, shards, workers=2, folder=folder / "shards", progress=Progress(quiet=True), title="t")
"""


def test_a_killed_worker_is_told_with_its_shard_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as told:
        map_shards(
            toy_shards.killed_at_three,
            [Slow(n, tmp_path) for n in (1, 2, 3, 4)],
            workers=2,
            folder=tmp_path,
            progress=QUIET,
            title="near",
        )
    assert str(told.value) == (
        "near: shard 3 of 4: its worker process was ended by signal 9 (SIGKILL): most likely memory ran out; "
        "finished shards are kept. Run again with fewer workers: --workers 1 (there were 2)."
    )
    assert sorted(p.name[:5] for p in tmp_path.iterdir()) == ["00000", "00001", "00003"]


def test_an_error_of_a_worker_keeps_its_kind_and_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^berita.jsonl line 3: too bad\.") as told:
        map_shards(toy_shards.bad_at_three, [1, 2, 3], workers=2, folder=tmp_path, progress=QUIET, title="t")
    assert "in bad_at_three" in told.value.__notes__[0]


def test_an_error_that_cannot_be_rebuilt_comes_as_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="row 3"):
        map_shards(toy_shards.odd_at_three, [1, 2, 3], workers=2, folder=tmp_path, progress=QUIET, title="t")


def test_a_worker_is_one_thread_and_the_environment_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    seen = map_shards(toy_shards.threads_allowed, [1, 2], workers=2, folder=tmp_path, progress=QUIET, title="t")
    assert seen == ["1", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_run(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(folder=str(tmp_path)))
    path = os.pathsep.join(["src", ".", os.environ.get("PYTHONPATH", "")])
    run = subprocess.Popen(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE
    )
    workers = [int(until(lambda n=n: begun_by(tmp_path / f"{n}.pid"))) for n in (1, 2)]
    until(lambda: list((tmp_path / "shards").glob("00000*.pickle")))
    run.send_signal(number)
    _, said = run.communicate(timeout=120)
    until(lambda: not any(alive(pid) for pid in workers))
    assert [p.name[:5] for p in (tmp_path / "shards").iterdir()] == ["00000"]
    if number == signal.SIGINT:
        assert said.count(b"KeyboardInterrupt") == 1, "workers are silent"


def begun_by(note: Path) -> str:
    """The worker that has written it; none as long as it is not written whole."""
    text = note.read_text() if note.exists() else ""
    return text.split()[0] if text.endswith("\n") else ""
