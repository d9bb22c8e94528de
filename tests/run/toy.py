"""Two stages that need no model: numbers, then their sum; used by the tests of the runner."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Recipe, check_recipe
from rantau.run import runner
from rantau.run.progress import Progress
from rantau.run.stage import Context, Stage
from rantau.run.store import Store


@dataclass(frozen=True, slots=True)
class Summary:
    n: int


def count(context: Context) -> Summary:
    path = context.out / "numbers.jsonl"
    done = len(files.read_appended_jsonl(path))
    for number in range(done, 20):
        files.append_jsonl(path, {"n": number * context.recipe.seed})
        time.sleep(0.01)
    (context.out / "scratch").mkdir(exist_ok=True)
    files.write_json(context.out / "speed.json", {"at": time.time()})
    return Summary(20)


def add(context: Context) -> Summary:
    total = sum(row["n"] for row in files.read_jsonl(context.inputs["count"] / "numbers.jsonl"))
    files.write_json(context.out / "sum.json", {"sum": total, "rank": context.recipe.adapter.rank})
    return Summary(total)


COUNT = Stage("count", 1, (), ("seed",), count, volatile=("speed.json",), scratch=("scratch",))
ADD = Stage("add", 1, ("count",), ("adapter",), add)


def recipe(**changes: object) -> Recipe:
    data = {
        "name": "toy", "language": {"target": "ind"}, "model": {"base": "none"},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "phases": [{"name": "cpt", "kind": "cpt", "mixture": {"a": 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]},
    }  # fmt: skip
    return check_recipe({**data, **changes}, where="toy.yaml")


def run(
    store: Path, asked: Recipe | None = None, stages: tuple[Stage, ...] = (COUNT, ADD)
) -> list[runner.Outcome]:
    quiet = Progress(quiet=True)
    return runner.run(stages, asked or recipe(), Path(), Store(store), Machine(), quiet)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
