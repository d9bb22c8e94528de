"""The rules of bandit, as ruff has them. What they find where strangers reach is listed here, with its reason."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import rantau

ROOT = Path(rantau.__file__).parent
KNOWN = {
    ("serving/broker.py", "S603"): "it starts our own broker",
    ("serving/children.py", "S603"): "it starts our own processes",
    ("serving/engines/drawing.py", "S311"): "seeds of answers are no secrets",
    ("serving/queue/claims.py", "S324"): "a name of a script, as the broker itself makes it",
    ("web/delivery/reader.py", "S311"): "a pause",
    ("web/records/sizes.py", "S608"): "put together of names in the same file",
}


def test_nothing_else_is_found() -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "S",
        "--ignore",
        "S101",
    ]
    done = subprocess.run(
        [*command, "--output-format", "concise", str(ROOT / "web"), str(ROOT / "serving")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "errors" in done.stdout, done.stderr
    found = Counter(
        (Path(line.partition(":")[0]).resolve().relative_to(ROOT).as_posix(), line.split()[1])
        for line in done.stdout.splitlines()
        if line.count(":") >= 3
    )
    assert set(found) == set(KNOWN), done.stdout
