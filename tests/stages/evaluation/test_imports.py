import subprocess
import sys

HEAVY = ("torch", "transformers", "peft", "sacrebleu", "py3langid", "pyarrow")


def test_the_room_opens_without_heavy_packages() -> None:
    code = f"import sys, rantau.stages.evaluation.stage; print([p for p in {HEAVY} if p in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
