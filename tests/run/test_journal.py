"""runs/<name>: links to what the latest run made, and to nothing that an earlier one made in its place."""

from pathlib import Path

from rantau.run.journal import read_journal, write_journal
from rantau.run.runner import Outcome


def outcome(folder: Path, stage: str, key: str, *made: str) -> Outcome:
    place = folder / "store" / stage / key
    for name in made:
        (place / name).mkdir(parents=True)
    return Outcome(stage, "built", "is new", place, key, 1.0)


def test_what_this_run_has_not_made_is_no_longer_linked(tmp_path: Path) -> None:
    people = tmp_path / "runs" / "small"
    report = outcome(tmp_path, "report", "a", "report.html")
    write_journal(people, {}, [report, outcome(tmp_path, "export", "a", "bundle", "gguf", "small.zip")])
    assert (people / "small.zip").resolve() == tmp_path / "store" / "export" / "a" / "small.zip"
    write_journal(people, {}, [report, outcome(tmp_path, "export", "b", "bundle", "merged")])
    links = {path.name for path in people.iterdir() if path.is_symlink()}
    assert links == {"report.html", "bundle", "merged"}
    assert (people / "bundle").resolve() == tmp_path / "store" / "export" / "b" / "bundle"


def test_a_run_of_other_stages_leaves_their_links(tmp_path: Path) -> None:
    people = tmp_path / "runs" / "small"
    write_journal(people, {}, [outcome(tmp_path, "report", "a", "report.html")])
    write_journal(people, {"name": "small"}, [outcome(tmp_path, "select", "a", "sample.parquet")])
    assert (people / "report.html").exists() and (people / "sample.parquet").exists()
    assert read_journal(people)["recipe"] == {"name": "small"}
