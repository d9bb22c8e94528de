"""Child processes that come back when they crash: later each time, and not for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rantau.errors import RantauError, RequestError
from rantau.run.children import how_it_ended
from rantau.serving.child import bound_to_parent

Role = Literal["broker", "finalizer", "worker", "web"]
Start = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts the process; told how often the system has killed it for want of memory. Raises   ServingError"""
LOG_BYTES = 10 * 2**20
SHOWN_LINES = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """Back-off from first_s to most_s; after `crashes` within `within_s` a part is given up. Those before it works
    count however long ago they were: what takes minutes to load and then dies would come back for ever."""

    first_s: float = 0.5
    most_s: float = 30.0
    crashes: int = 5
    within_s: float = 60.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Part:
    """log: where its last words are; drain_s: what it may take to end after SIGTERM; hopeless: exit codes after
    which starting it again changes nothing; works: whether the process that was started last has come that far"""

    name: str
    role: Role
    start: Start
    log: Path
    drain_s: float = 25.0
    hopeless: tuple[int, ...] = (2,)
    works: Callable[[], bool] = lambda: True


def program(command: Callable[[int], Sequence[str]], log: Path, environment: Mapping[str, str]) -> Start:
    """A process in a session of its own, so that Ctrl-C reaches the supervisor alone; its words go to `log`."""

    def start(tight: int) -> subprocess.Popen[bytes]:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            return subprocess.Popen(
                list(command(tight)), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=dict(environment),
                start_new_session=True, preexec_fn=bound_to_parent(),  # noqa: PLW1509  one thread
            )  # fmt: skip

    return start


class Child:
    """One part and its process. say: one line for people"""

    def __init__(self, part: Part, say: Callable[[str], None], patience: Patience = PATIENCE) -> None:
        self.part, self._say, self._patience = part, say, patience
        self.process: subprocess.Popen[bytes] | None = None
        self.given_up: str | None = None
        self.hopeless = self._worked = False
        self._log_at = 0
        self.started = 0.0
        self._crashes: deque[float] = deque()
        self._again_at, self._tight, self._ooms = 0.0, 0, 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def check(self) -> None:
        """Notices a crash, and starts the process when its time has come."""
        if self.given_up is not None:
            return
        if self.running:
            self._worked = self._worked or self.part.works()
            return
        if self.process is not None:
            self._died(self.process.returncode)
        elif time.monotonic() >= self._again_at:
            self._start()

    def _start(self) -> None:
        self._ooms, self.started, self._log_at = _killed_for_memory(), time.monotonic(), _size(self.part.log)
        try:
            self.process = self.part.start(self._tight)
        except (RantauError, OSError) as error:
            self._crashed(f"cannot start: {error}", hopeless=isinstance(error, RequestError))

    def _died(self, code: int) -> None:
        self.kill()  # whatever it has started itself
        self.process = None
        how = f"ended {how_it_ended(code)}"
        if code == -signal.SIGKILL and _killed_for_memory() > self._ooms:
            self._tight += 1
            how += ", since the memory is full"
        self._crashed(how, hopeless=code in self.part.hopeless)

    def _crashed(self, how: str, *, hopeless: bool) -> None:
        now, patience = time.monotonic(), self._patience
        self._crashes.append(now)
        while self._worked and self._crashes[0] < now - patience.within_s:
            self._crashes.popleft()
        self._worked = False
        lines = last_lines(self.part.log, since=self._log_at)
        words = "".join(f"\n  {line}" for line in lines)
        if hopeless:
            said = [line.partition("Error: ")[2] or line for line in lines if not line.startswith("{")]
            self.hopeless, self.given_up = True, f"{self.part.name}: {' '.join(said) or how}"
            self.given_up += f" ({self.part.log})" if said else ""
            return
        if len(self._crashes) >= patience.crashes:
            often = f" {len(self._crashes)} times in {max(now - self._crashes[0], 1):.0f} s"
            self.given_up = f"{self.part.name} {how}{often}. Its last words ({self.part.log}):{words}"
            return
        wait = min(patience.first_s * 2 ** (len(self._crashes) - 1), patience.most_s)
        self._again_at = now + wait
        self._say(f"{self.part.name} {how}; it comes back in {wait:.1f} s ({self.part.log}).{words}")

    def tell(self, number: signal.Signals) -> None:
        if self.running and self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """The process, and all that it has started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def last_lines(log: Path, n: int = SHOWN_LINES, *, since: int = 0) -> list[str]:
    """What people need to see of a log; none if there is none. since: bytes that it had before"""
    try:
        with log.open("rb") as handle:
            size = log.stat().st_size
            handle.seek(max(since if since <= size else 0, size - 8192))
            words = handle.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.rstrip() for line in words if line.strip()][-n:]


def _killed_for_memory() -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where nobody counts them."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def facts_of(children: Sequence[Child]) -> dict[str, dict[str, Any]]:
    """name -> process id, and whether it runs: for those who look on."""
    return {
        child.part.name: {
            "role": child.part.role, "running": child.running, "pid": child.process.pid if child.process else None
        }
        for child in children
    }  # fmt: skip
