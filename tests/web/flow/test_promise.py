"""The promise, on the whole chat: real processes, real sockets, and faults by a random schedule with a seed.

RANTAU_PROMISE_S says how long it is disturbed (CI: 60), RANTAU_PROMISE_SEED which schedule; the soak is
`python -m bench.serving.soak --minutes 30`.
"""

import os
import random
from pathlib import Path

import pytest
from bench.serving.soak import soak

SECONDS = float(os.environ.get("RANTAU_PROMISE_S", "12"))
SEED = int(os.environ.get("RANTAU_PROMISE_SEED", random.randrange(10**6)))


@pytest.mark.timeout(SECONDS + 540)
def test_nothing_is_lost_whoever_is_killed(tmp_path: Path) -> None:
    told = soak(tmp_path, SEED, SECONDS)
    print(told)  # shown when it fails
    assert told.verdict.broken == ()
    assert told.verdict.prompts > 0 and told.faults.total() > 0 and told.exit_code == 0
