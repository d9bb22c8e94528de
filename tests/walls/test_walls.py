"""The walls of the house: import contracts, and a command line that wakes at once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "transformers",
    "peft",
    "numpy",
    "pyarrow",
    "matplotlib",
    "datasets",
    "sacrebleu",
    "pydantic",
)
BLOCKED = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY!r}:
            raise ImportError("the command line imports " + name)
sys.meta_path.insert(0, Wall())
import rantau.cli
sys.argv = ["rantau", "--help"]
rantau.cli.main()
"""


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_help_needs_no_heavy_package() -> None:
    result = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Take a language model to a new language" in result.stdout
