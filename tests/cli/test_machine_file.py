"""--machine: a file gives defaults; the command line and the environment win; a wrong key or value is told."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rantau.cli.machine_file import machine_option, read_machine_file
from rantau.cli.options import cluster_option, processes_option, report_to_option, workers_option
from rantau.errors import RecipeError


@click.command()
@machine_option
@workers_option
@cluster_option
@processes_option
@report_to_option
def told(workers: int | None, cluster: str | None, processes: int, report_to: tuple[str, ...]) -> None:
    click.echo(f"{workers} {cluster} {processes} {','.join(report_to)}")


def file(folder: Path, text: str) -> Path:
    (folder / "machine.yaml").write_text(text, encoding="utf-8")
    return folder / "machine.yaml"


LINES = "workers: 3\ncluster: 10.0.0.1:6379\nprocesses: 4\nreport_to: [wandb]\nmicro_batch: 2\n"


def test_the_file_gives_defaults_and_the_command_line_wins(tmp_path: Path) -> None:
    given = ["--machine", str(file(tmp_path, LINES))]
    run = CliRunner().invoke(told, given)
    assert run.output == "3 10.0.0.1:6379 4 wandb\n"
    assert CliRunner().invoke(told, ["--processes", "2", *given]).output == "3 10.0.0.1:6379 2 wandb\n"
    environment = {"RANTAU_MACHINE": given[1], "RANTAU_CLUSTER": "auto"}
    assert CliRunner().invoke(told, [], env=environment).output == "3 auto 4 wandb\n"
    assert CliRunner().invoke(told, []).output == "None None 1 \n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrokers: 3", "unknown key wrokers. Did you mean workers?"),
        ("threads: 3", "unknown key threads"),
        ("- 3", "must be lines such as"),
        ("workers: [", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        read_machine_file(file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers: two", "machine.yaml: workers: 'two' is not a valid integer"),
        ("report_to: [tensorbord]", "machine.yaml: report_to: 'tensorbord' is not one of"),
        ("report_to: 3", "machine.yaml: report_to: "),
    ],
)
def test_a_wrong_value_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    run = CliRunner().invoke(told, ["--machine", str(file(tmp_path, text))])
    assert isinstance(run.exception, RecipeError) and said in str(run.exception)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    run = CliRunner().invoke(told, ["--machine", str(tmp_path / "none.yaml")])
    assert isinstance(run.exception, RecipeError) and "none.yaml" in str(run.exception)
