"""A cable that is pulled: python -m bench.serving.partition [--minutes 5] [--seed N] (Linux, as root).

The broker stands in a network of its own, with one cable to the pages, the finalizer and a worker, and another one
to two workers that are far. Cables are pulled for 5 to 40 s: nothing comes through, and nobody is told that a
connection has ended. People ask and read all the while; then the soak's checker looks. Exit 0 if the promise held.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.serving.chat import free_port
from bench.serving.failover import standing_still
from bench.serving.figures import spread
from bench.serving.soak import live
from bench.serving.soak_house import N_WORDS, WORDS_PER_S, site_of
from bench.serving.tabs import Tab
from rantau.serving.broker import find_server
from rantau.serving.queue import connect, is_alive
from rantau.web.site import VARIABLE, write_site

PORT, WORD = 6379, "only-for-this-bench"
IDLE_S = 10.0
CALM_S, PULLED_S = (8.0, 15.0), (5.0, 40.0)


@dataclass(frozen=True, slots=True)
class Cable:
    """From the broker's network to another one. address: of the broker on it; far: the other network, empty = the
    machine's own"""

    name: str
    network: str
    address: str
    far: str = ""

    @property
    def url(self) -> str:
        return f"redis://:{WORD}@{self.address}:{PORT}"

    @property
    def peer(self) -> str:
        return self.address[:-1] + "2"

    def lay(self) -> None:
        ip(f"link add {self.name}a netns {self.network} type veth peer name {self.name}b {within(self.far)}")
        ip(f"address add {self.address}/24 dev {self.name}a", self.network)
        ip(f"address add {self.peer}/24 dev {self.name}b", self.far)
        ip(f"link set {self.name}b up", self.far)
        self.pull(back=True)

    def pull(self, *, back: bool = False) -> None:
        """At the broker's end: the other end keeps its route, and what it sends goes nowhere."""
        ip(f"link set {self.name}a {'up' if back else 'down'}", self.network)


def within(network: str) -> str:
    return f"netns {network}" if network else ""


def ip(words: str, network: str = "") -> None:
    subprocess.run(["ip", *(["-n", network] if network else []), *words.split()], check=True)


@dataclass
class House:
    """Processes, each in its network."""

    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, words: Sequence[str], network: str = "", **environment: str) -> None:
        inside = ["ip", "netns", "exec", network] if network else []
        with (self.folder / f"{name}.log").open("ab") as log:
            self.started.append(
                subprocess.Popen([*inside, *words], stdout=log, stderr=log, env={**os.environ, **environment})
            )

    def stop(self) -> None:
        for process in reversed(self.started):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(45)
            process.kill()
            process.wait()


@contextmanager
def networks(*names: str) -> Iterator[None]:
    """A network that is deleted takes its cables with it."""
    with ExitStack() as made:
        for name in names:
            ip(f"netns add {name}")
            made.callback(ip, f"netns delete {name}")
        yield


def worker(url: str) -> list[str]:
    words = [sys.executable, "-m", "rantau", "worker", "fake", "--engine", "fake", "--no-base", "--redis", url]
    words += ["--slots", "4", "--idle-s", str(IDLE_S), "--tries", "1000000"]
    return [*words, "--option", f"words={N_WORDS}", "--option", f"pace={WORDS_PER_S / 4}"]


def begin(house: House, near: Cable, far: Cable, port: int) -> None:
    settings = f"--port {PORT} --requirepass {WORD} --dir {house.folder} --appendonly yes --protected-mode no"
    words = [str(find_server()), *settings.split(), "--save", "", "--maxmemory-policy", "noeviction"]
    house.start("broker", words, near.network)
    while not is_alive(connect(near.url, retries=0)):
        time.sleep(0.05)
    site = replace(site_of(house.folder, port), broker=near.url)
    write_site(house.folder / "site.json", site)
    told = {VARIABLE: str(house.folder / "site.json")}
    for name in ("finalizer", "web"):
        house.start(name, [sys.executable, "-m", "rantau.web", name], **told)
    house.start("near", worker(near.url))
    for n in range(2):
        house.start(f"far-{n}", worker(far.url), far.far)


def disturb(
    choice: Sequence[Sequence[Cable]], tabs: Sequence[Tab], draw: random.Random, seconds: float
) -> list[float]:
    """Returns   seconds from each cable's return to the next piece that anybody read"""
    over, waits = time.monotonic() + seconds, list[float]()
    while time.monotonic() < over and not any(tab.error for tab in tabs):
        time.sleep(draw.uniform(*CALM_S))
        pulled, long_s = draw.choice(choice), draw.uniform(*PULLED_S)
        for cable in pulled:
            cable.pull()
        time.sleep(long_s)
        for cable in pulled:
            cable.pull(back=True)
        back = time.monotonic()
        while not (read := [t for tab in tabs for a in tab.asked[-2:] for t in a.times[-1:] if t > back]):
            time.sleep(0.05)
        waits.append(min(read) - back)
        print(
            f"{'+'.join(c.name for c in pulled)} pulled for {long_s:.0f} s, read on after {waits[-1]:.1f} s",
            flush=True,
        )
    return waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--tabs", type=int, default=6)
    parser.add_argument("--far", action="store_true", help="Only the far workers are cut off.")
    given = parser.parse_args()
    mark, port, over = f"rt{os.getpid() % 10**5}", free_port(), threading.Event()
    near = Cable(f"{mark}n", f"{mark}-broker", "10.213.1.1")
    far = Cable(f"{mark}f", f"{mark}-broker", "10.213.2.1", f"{mark}-far")
    house = House(Path(tempfile.mkdtemp(prefix="partition-")))
    print(f"seed {given.seed}, logs in {house.folder}", flush=True)
    tabs = [Tab(f"http://127.0.0.1:{port}", n, given.seed, over) for n in range(given.tabs)]
    with networks(near.network, far.far):
        near.lay()
        far.lay()
        try:
            begin(house, near, far, port)
            choice, draw = [[far]] if given.far else [[near], [far], [near, far]], random.Random(given.seed)
            waits: list[float] = []
            told = live(
                tabs, over, near.url, lambda: waits.extend(disturb(choice, tabs, draw, 60 * given.minutes))
            )
        finally:
            house.stop()
    still = standing_still([asked for tab in tabs for asked in tab.asked])
    print(f"{told.prompts} prompts, {told.continued} continued by another worker")
    print(
        f"after a cable was back: {spread(waits)}; answers whose worker was cut off stood still: {spread(still)}"
    )
    print("\n".join(told.broken) or "the promise held")
    sys.exit(bool(told.broken))


if __name__ == "__main__":
    main()
