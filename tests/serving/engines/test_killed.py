"""Worker processes with real weights that are killed: the answer is the one that nobody disturbed."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rantau.serving.broker import Broker
from rantau.serving.protocol import End, Entry, Job, Tokens, Wish
from rantau.serving.queue import Admission, read_log
from tests.flow.small import command
from tests.serving.test_worker_process import MOST_TRIES, ROOT, end_of, workers_of
from tests.serving.tiny_run import write_run
from tests.waiting import until

LONG_TOKENS = 100


@contextmanager
def worker(run: Path, url: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
    words = command(
        "worker", run, "--engine", "transformers", "--device", "cpu", "--no-base", "--name", name, "--idle-s", "3",
        "--tries", "20", "--slots", "2", "--context", "256", "--threads", "1",
    )  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "RANTAU_REDIS": url}
    process = subprocess.Popen(words, env=env, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(client: Any, name: str, text: str) -> None:
    messages = ({"role": "user", "content": text},)
    job = Job(name, "ana", "demo", messages, Wish(max_tokens=200, temperature=0))
    assert Admission(client).admit(job, message=name)[0] == "accepted"


def log_of(client: Any, name: str) -> list[Entry]:
    return [entry for _, entry in read_log(client, name)]


def pieces(client: Any, name: str) -> list[Tokens]:
    return [entry for entry in log_of(client, name) if isinstance(entry, Tokens)]


def answer(client: Any, name: str) -> tuple[str, list[int], str]:
    end = log_of(client, name)[-1]
    assert isinstance(end, End)
    said = pieces(client, name)
    return "".join(piece.text for piece in said), [token for piece in said for token in piece.ids], end.reason


def long_question(client: Any) -> str:
    """One that is answered at length, and the name of its answer. Some answers have 15 tokens, in 50 ms."""
    for n in range(MOST_TRIES):
        name = f"halo dunia {n}"
        ask(client, name, name)
        until(lambda name=name: end_of(client, name))
        if len(answer(client, name)[1]) >= LONG_TOKENS:
            return name
    raise AssertionError(f"all of {MOST_TRIES} answers are short")


def killed_in_the_middle(
    client: Any, process: subprocess.Popen[bytes], question: str, names: Sequence[str]
) -> str:
    """The answer that it did not end. A machine that is busy may see too late that one has begun."""
    for name in names:
        ask(client, name, question)
        until(lambda name=name: len(pieces(client, name)) > 2 or end_of(client, name))
        if killed_before_the_end(client, process, name):
            return name
        process.send_signal(signal.SIGCONT)
    raise AssertionError(f"it ended {len(names)} answers before it could be killed")


def killed_before_the_end(client: Any, process: subprocess.Popen[bytes], name: str) -> bool:
    """If it has ended the answer it only stands still."""
    process.send_signal(signal.SIGSTOP)
    if end_of(client, name):
        return False
    process.kill()
    process.wait()
    return True


def twice_killed(client: Any, run: Path, url: str) -> tuple[str, str, int]:
    """An answer that two workers did not end, an undisturbed one, and the pieces that the first one wrote."""
    undisturbed = ""
    for turn in range(MOST_TRIES):
        with worker(run, url, "w0") as first:
            undisturbed = undisturbed or long_question(client)
            names = [f"g{turn}-{n}" for n in range(MOST_TRIES)]
            name = killed_in_the_middle(client, first, undisturbed, names)
        early = len(pieces(client, name))
        with worker(run, url, "w1") as second:  # killed before it adds a token, or right after
            until(lambda name=name: "w1" in workers_of(client, name))
            if killed_before_the_end(client, second, name):
                return name, undisturbed, early
    raise AssertionError(f"w1 ended {MOST_TRIES} answers before it could be killed")


def test_an_answer_survives_the_death_of_two_workers(
    client: Any, server: Broker, lively_base: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "demo", lively_base)
    name, undisturbed, early = twice_killed(client, run, server.url)
    with worker(run, server.url, "w2"):
        until(lambda: end_of(client, name))
    assert answer(client, name) == answer(client, undisturbed)
    assert 0 < early < len(pieces(client, name))
    assert workers_of(client, name) == ["w0", "w1", "w2"]
