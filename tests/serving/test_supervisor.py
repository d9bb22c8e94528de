"""The supervisor with real processes: they come back, are given up, end in order, and leave with it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import RantauError, RequestError, ServingError
from rantau.serving.children import Child, Part, Patience, Role, last_lines, program
from rantau.serving.supervisor import Supervisor, alone
from tests.waiting import until

ROOT = Path(__file__).parents[2]
QUICK = Patience(0.01, 0.05, 4, 60)


def part(folder: Path, name: str, role: Role, code: str, **more: Any) -> Part:
    """code: Python, with `say` that writes a line to the common file `story`."""
    story, log = folder / "story", folder / "logs" / f"{name}.log"
    start = f"import os, signal, sys, time; say = lambda w: open({str(story)!r}, 'a').write(w + chr(10))\n"
    words = [sys.executable, "-c", start + code]
    return Part(name, role, program(lambda _: words, log, os.environ), log, **more)


def story(folder: Path) -> list[str]:
    path = folder / "story"
    return path.read_text().split() if path.exists() else []


WAITING = """
def leave(*_):
    say(NAME + '-ends'); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
say(NAME)
while True: time.sleep(0.05)
"""


def waiting(folder: Path, name: str, role: Role) -> Part:
    return part(folder, name, role, f"NAME = {name!r}\n{WAITING}")


class Running:
    """A supervisor on a thread; stop() is what a signal does."""

    def __init__(self, folder: Path, *parts: Part, **more: Any) -> None:
        self.said: list[str] = []
        self.supervisor = Supervisor(parts, folder, say=self.said.append, patience=QUICK, **more)
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.supervisor.run()
        except RantauError as error:
            self.error = error

    def stop(self, times: int = 1) -> None:
        for _ in range(times):
            self.supervisor._stop(0, None)
        self.join()

    def join(self) -> None:
        self._thread.join(120)
        assert not self._thread.is_alive()


def test_what_crashes_comes_back_and_its_last_words_are_shown(tmp_path: Path) -> None:
    code = "say('born'); print('out of paper', file=sys.stderr, flush=True); sys.exit(1)"
    child, said = Child(part(tmp_path, "web", "web", code), (told := []).append, QUICK), told
    until(lambda: child.check() or child.given_up)
    assert story(tmp_path) == ["born"] * 4
    assert len(said) == 3 and all("exit code 1; it comes back in 0.0" in line for line in said)
    assert "web ended with exit code 1 4 times in" in str(child.given_up) and "out of paper" in said[0]
    child.check()
    assert not child.running


def test_a_wrong_request_is_not_made_again(tmp_path: Path) -> None:
    child = Child(part(tmp_path, "w", "worker", "say('born'); sys.exit(2)"), lambda _: None, QUICK)
    until(lambda: child.check() or child.given_up)
    assert story(tmp_path) == ["born"]


def test_what_no_restart_mends_is_said_once_in_its_own_words(tmp_path: Path) -> None:
    """Without the lines of a start before, and without those for programs."""
    code = """print('{"level": "info"}'); print('RequestError: no paper. Buy some.'); sys.exit(2)"""
    hopeless = part(tmp_path, "web", "web", code)
    hopeless.log.parent.mkdir()
    hopeless.log.write_text("of yesterday\n")
    running = Running(tmp_path, hopeless)
    running.join()
    assert isinstance(running.error, RequestError) and running.said == []
    assert str(running.error) == f"web: no paper. Buy some. ({hopeless.log})"


@pytest.mark.parametrize(("error", "born"), [(RequestError, 1), (ServingError, 4)])
def test_a_broker_that_cannot_start_says_why(tmp_path: Path, error: type[Exception], born: int) -> None:
    n: list[int] = []

    def start(tight: int) -> Any:
        n.append(tight)
        raise error("no server is installed")

    running = Running(tmp_path, Part("broker", "broker", start, tmp_path / "none.log"))
    running.join()
    assert len(n) == born and type(running.error) is error and "no server is installed" in str(running.error)


def crashing(folder: Path, *, works: bool) -> Part:
    """It ends once it was looked at."""
    seen = folder / "seen"

    def look() -> bool:
        seen.touch()
        return works

    code = f"""
say('born')
while not os.path.exists({str(seen)!r}): time.sleep(0.01)
os.remove({str(seen)!r}); sys.exit(1)"""
    return part(folder, "w", "worker", code, works=look)


def test_crashes_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    child = Child(crashing(tmp_path, works=True), lambda _: None, Patience(0.01, 0.05, 2, within_s=0))
    until(lambda: child.check() or len(story(tmp_path)) > 3)
    assert child.given_up is None
    child.kill()


def test_what_dies_before_it_works_is_given_up_however_long_that_takes(tmp_path: Path) -> None:
    """A model that needs a minute to load and does not fit."""
    child = Child(crashing(tmp_path, works=False), lambda _: None, Patience(0.01, 0.05, 3, within_s=0))
    until(lambda: child.check() or child.given_up)
    assert story(tmp_path) == ["born"] * 3


def test_all_end_in_order_and_nothing_is_accepted_while_answers_end(tmp_path: Path) -> None:
    names: list[tuple[str, Role]] = [("web", "web"), ("broker", "broker"), ("w1", "worker"), ("keep", "finalizer")]
    emptied: list[bool] = []
    running = Running(
        tmp_path, *[waiting(tmp_path, n, r) for n, r in names],
        emptied=lambda: emptied.append("w1-ends" in story(tmp_path)) or len(emptied) > 2,  # type: ignore[func-returns-value]
    )  # fmt: skip
    until(lambda: len(story(tmp_path)) == 4)
    running.stop()
    assert story(tmp_path)[4:] == ["web-ends", "w1-ends", "keep-ends", "broker-ends"]
    assert emptied and all(emptied) and running.error is None
    assert not (tmp_path / "processes.json").exists()


def test_who_does_not_end_in_time_is_ended(tmp_path: Path) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('deaf')\nwhile True: time.sleep(0.05)"
    running = Running(tmp_path, part(tmp_path, "deaf", "worker", deaf, drain_s=0.1))
    until(lambda: story(tmp_path))
    pid = running.supervisor.children[0].process.pid  # type: ignore[union-attr]
    running.stop()
    assert not Path(f"/proc/{pid}").exists()


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('deaf')\nwhile True: time.sleep(0.05)"
    running = Running(tmp_path, part(tmp_path, "deaf", "worker", deaf, drain_s=3600))
    until(lambda: story(tmp_path))
    running.stop(times=2)


def test_the_finalizer_comes_back_while_workers_end(tmp_path: Path) -> None:
    twice = f"while open({str(tmp_path / 'story')!r}).read().split().count('keep') < 2: time.sleep(0.01)"
    slow = WAITING.replace("sys.exit(0)", f"\n    {twice}\n    sys.exit(0)")
    running = Running(
        tmp_path, part(tmp_path, "w1", "worker", f"NAME = 'w1'\n{slow}", drain_s=120),
        waiting(tmp_path, "keep", "finalizer"),
    )  # fmt: skip
    until(lambda: len(story(tmp_path)) == 2)
    keeper = next(c for c in running.supervisor.children if c.part.name == "keep")
    running.supervisor._stop(0, None)
    until(lambda: "w1-ends" in story(tmp_path))
    keeper.process.kill()  # type: ignore[union-attr]
    running.join()
    assert story(tmp_path).count("keep") == 2 and story(tmp_path)[-1] == "keep-ends"


def test_one_of_several_workers_is_not_missed_but_the_last_one_is(tmp_path: Path) -> None:
    bad = [part(tmp_path, f"bad-{n}", "worker", "print('no model here'); sys.exit(2)") for n in range(2)]
    running = Running(tmp_path, waiting(tmp_path, "web", "web"), waiting(tmp_path, "w1", "worker"), bad[0])
    until(lambda: any("given up; 1 like it go on" in line for line in running.said))
    running.stop()
    assert running.error is None
    lost = Running(tmp_path, waiting(tmp_path, "web", "web"), *bad)
    lost.join()
    assert "no model here" in str(lost.error) and isinstance(lost.error, RequestError)


def test_children_leave_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    code = f"""
import os, sys
from pathlib import Path
from rantau.serving.children import Part, program
from rantau.serving.supervisor import Supervisor
words = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
log = Path({str(tmp_path)!r}) / "log"
Supervisor([Part("w", "worker", program(lambda _: words, log, os.environ), log)], log.parent, say=print).run()
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    supervisor = subprocess.Popen([sys.executable, "-c", code], env=env)
    child = int(until(lambda: last_lines(tmp_path / "log"))[0])
    supervisor.kill()
    supervisor.wait()
    until(lambda: not Path(f"/proc/{child}").exists())


def test_memory_that_is_full_halves_what_the_next_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter(range(100))
    monkeypatch.setattr("rantau.serving.children._killed_for_memory", lambda: next(kills))
    log, asked = tmp_path / "log", list[int]()

    def words(tight: int) -> list[str]:
        asked.append(tight)
        return [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]

    child = Child(Part("w", "worker", program(words, log, os.environ), log), (said := []).append, QUICK)
    until(lambda: child.check() or child.given_up)
    assert asked == [0, 1, 2, 3] and "since the memory is full" in said[0]


def test_two_do_not_serve_from_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(ServingError, match="another rantau serve uses this folder"):  # noqa: SIM117
        with alone(tmp_path):
            pass
    with alone(tmp_path):
        pass


def test_signals_are_heard_and_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    supervisor = Supervisor([waiting(tmp_path, "web", "web")], tmp_path, say=lambda _: None, patience=QUICK)

    def stop() -> None:
        until(lambda: story(tmp_path))
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop).start()
    supervisor.run()
    assert story(tmp_path) == ["web", "web-ends"] and signal.getsignal(signal.SIGTERM) is before


def test_a_broker_leaves_with_who_started_it_even_when_frozen(tmp_path: Path) -> None:
    """Else it would wake beside the next one, on the same data."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    code = f"""
import os, signal, time
from pathlib import Path
from rantau.serving.broker import start_broker
broker = start_broker(Path({str(tmp_path)!r}))
os.kill(broker.process.pid, signal.SIGSTOP)
print(broker.process.pid, flush=True)
time.sleep(600)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        broker = int(starter.stdout.readline())
        starter.kill()
    until(lambda: not Path(f"/proc/{broker}").exists())
