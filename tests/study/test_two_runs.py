"""Two runs side by side: paired where the items are the same."""

from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MeasureError
from rantau.study.running import Done
from rantau.study.two_runs import compare_runs
from tests.study.made import recipe, said, trial


def run_of(done: Done, folder: Path, **changes: object) -> Path:
    """runs/<name>/ with links, as the journal leaves it."""
    for stage, place in done.folders.items():
        (folder / "stages").mkdir(parents=True, exist_ok=True)
        (folder / "stages" / stage).symlink_to(place)
    content = recipe(1).model_dump(mode="json", by_alias=True) | changes
    files.write_json(folder / "run.json", {"recipe": content, "stages": [{"stage": s} for s in done.folders]})
    return folder


def test_paired_figures_have_a_difference_and_others_stand_side_by_side(tmp_path: Path) -> None:
    one = run_of(trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)]), tmp_path / "runs" / "one")
    two = run_of(
        trial(tmp_path, "b", 0, bits=1.5, answers=[said(22)], n_texts=20), tmp_path / "runs" / "two", seed=7
    )
    found = compare_runs(one, two)
    by = {f.metric: f for f in found.figures}
    assert (found.first, found.second, found.recipe, found.same_base) == ("one", "two", ("seed 42 -> 7",), True)
    assert (by["bits_per_byte"].first, by["bits_per_byte"].second) == (2.0, 1.5)
    assert by["bits_per_byte"].difference is None, "other documents"
    bleu = by["bleu"].difference
    assert bleu is not None
    assert bleu.effect == "better"
    assert bleu.p_holm == pytest.approx(min(1.0, 2 * bleu.p)), "BLEU and chrF++ are what both share and scored"


def test_answers_of_other_lengths_are_not_paired(tmp_path: Path) -> None:
    folders = []
    for name, tokens in (("one", 48), ("two", 256)):
        done = trial(tmp_path, name, 0, bits=2.0, answers=[said(4)])
        rows = files.read_json(tmp_path / f"{name}-0" / "compare" / "scores.json")
        for row in (r for r in rows if r["metric"] == "bleu"):
            row["signature"] = f"BLEU|max_new_tokens:{tokens}|interval:bootstrap {name}"
        files.write_json(tmp_path / f"{name}-0" / "compare" / "scores.json", rows)
        folders.append(run_of(done, tmp_path / "runs" / name))
    by = {f.metric: f for f in compare_runs(folders[0], folders[1]).figures}
    assert by["bleu"].first == by["bleu"].second
    assert by["bleu"].difference is None, "measured in two ways"
    assert by["chrf++"].difference is not None


def test_a_run_that_did_not_finish_is_named(tmp_path: Path) -> None:
    one = run_of(trial(tmp_path, "a", 0, bits=2.0, answers=[said(4)]), tmp_path / "runs" / "one")
    (tmp_path / "a-0" / "compare" / "manifest.json").unlink()
    with pytest.raises(MeasureError, match="has no finished compare"):
        compare_runs(one, one)
