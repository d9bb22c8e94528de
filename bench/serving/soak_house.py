"""A whole chat with the engine to be killed: python -m bench.serving.soak_house DIR PORT WORKERS IDLE_S [BROKER].

It is what `rantau serve` starts, but it gives nothing up. BROKER: the address by which its processes reach
the broker that it starts; the broker's own unless told.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rantau.cli.house import House
from rantau.serving.broker import broker_url
from rantau.serving.children import Patience
from rantau.web.site import Served, Site, SiteLimits

N_WORDS, WORDS_PER_S = 30, 40
NEVER = 10**6


def site_of(folder: Path, port: int, broker: str = "") -> Site:
    reached = broker or broker_url(folder / "broker")
    return Site(
        str(folder), reached, f"sqlite:///{folder / 'chat.db'}", port=port, single_user=True,
        models=(Served("fake", "fake", "adapted"),), limits=SiteLimits(NEVER, NEVER, 16_000, NEVER),
        wish={"max_tokens": 512},
    )  # fmt: skip


def main(folder: Path, port: int, workers: int, idle_s: float, broker: str = "") -> None:
    given = {
        "engine": "fake", "device": "cpu", "context": 2048, "slots": 4, "threads": None, "with_base": False,
        "workers": workers, "redis_url": None, "idle_s": idle_s, "tries": NEVER,
        "options": {"words": str(N_WORDS), "pace": str(WORDS_PER_S)},
    }  # fmt: skip
    House(Path("fake"), folder, site_of(folder, port, broker), given, Patience(0.1, 0.5, NEVER)).serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
