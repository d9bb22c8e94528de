"""Writes answers by the clock: python -m bench.serving.writer URL PER_S SECONDS < names of generations.

They are parted into groups, each written in one step as a worker does, the groups spread over the tick. Each piece
tells when it was written.
"""

from __future__ import annotations

import sys
import time

from rantau.serving.protocol import End, Tokens, to_fields
from rantau.serving.queue import connect, keys

GROUPS = 8


def main(url: str, per_s: float, seconds: float, names: list[str]) -> None:
    client = connect(url)
    tick, groups = 1 / per_s, [names[place::GROUPS] for place in range(GROUPS)]
    start, n_steps = time.monotonic() + 0.1, int(seconds * per_s)
    for step in range(n_steps + 1):
        for place, group in enumerate(groups):
            time.sleep(max(start + (step + place / GROUPS) * tick - time.monotonic(), 0))
            with client.pipeline(transaction=False) as pipe:
                for name in group:
                    over = step == n_steps
                    piece = End("eos", "done", 1) if over else Tokens(f"{time.monotonic_ns()} ", (step,))
                    pipe.xadd(keys.log(name), to_fields(piece), id=f"1-{step + 1}")
                    if over:
                        pipe.hset(keys.facts(name), "state", "done")
                pipe.execute()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.stdin.read().split())
