"""rantau study"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rantau.cli.machine_file import machine_option
from rantau.cli.options import as_json, cluster_option, device_option, runs_option, store_option

if TYPE_CHECKING:
    from rantau.machine import Machine
    from rantau.run.store import Store
    from rantau.study.design import Study
    from rantau.study.results import StudyResult
    from rantau.study.trials import Trial


@click.command("study", help="Run the trials of STUDY side by side and compare its arms over the same items.")
@click.argument("study_path", metavar="STUDY", type=click.Path(path_type=Path))
@click.option("--plan", "only_plan", is_flag=True, help="List the trials and what each must build; do nothing.")
@click.option(
    "--workers", type=click.IntRange(min=1),
    help="Trials at once [default: one on an accelerator, else one for each core as far as memory allows].",
)  # fmt: skip
@store_option
@runs_option
@machine_option
@device_option
@cluster_option
@click.option("--quiet", is_flag=True, help="No progress.")
@as_json
def command(
    study_path: Path, only_plan: bool, workers: int | None, store_path: Path, runs_path: Path, device: str,
    cluster: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    from rantau import files
    from rantau.machine import detect
    from rantau.run.progress import Progress
    from rantau.run.store import Store
    from rantau.stages.report.study.page import write_page
    from rantau.study.design import load_study
    from rantau.study.results import published_of, results_of
    from rantau.study.running import run_trials
    from rantau.study.trials import trials_of

    study = load_study(study_path)
    trials, store = trials_of(study, study_path), Store(store_path)
    published_of(study, study_path)  # a wrong file is told now, not after the run
    if only_plan:
        _print_plan(study, study_path, trials, store, as_json=as_json)
        return
    machine, folder = detect(device, cluster=cluster), runs_path / study.name  # type: ignore[arg-type]
    at_once = workers or _trials_at_once(trials, machine, store)
    done = run_trials(trials, store, machine, Progress(quiet=quiet), workers=at_once, people=folder)
    result = results_of(study, study_path, trials, done)
    files.write_json(folder / "study.json", result.to_plain())
    files.write_text(folder / "study.md", _markdown(folder) + "\n")
    page = write_page(folder)
    click.echo(json.dumps(result.to_plain(), ensure_ascii=False) if as_json else _told(folder, result, page))
    for trial in result.failed:
        click.echo(f"failed: {trial['arm']}, repetition {trial['repeat']}: {trial['error']}", err=True)


def _trials_at_once(trials: Sequence[Trial], machine: Machine, store: Store) -> int:
    """As many as have a core and, by the estimate of the largest recipe, memory."""
    if machine.device != "cpu":
        return 1
    from rantau.cli.estimate import estimate
    from rantau.machine import memory_gib

    models = {json.dumps(t.recipe.model.model_dump(mode="json")): t for t in trials}
    largest = max(float(estimate(t.recipe, store, None)["memory_gib"]) for t in models.values())
    return max(1, min(machine.threads, int(memory_gib() // max(largest, 0.1))))


def _print_plan(study: Study, path: Path, trials: Sequence[Trial], store: Store, *, as_json: bool) -> None:
    from rantau.cli.table import aligned
    from rantau.recipe import load_recipe
    from rantau.study.plan import planned_rows
    from rantau.study.steps import plan_trials, wanted
    from rantau.study.trials import base_path

    planned = plan_trials(trials, store)
    notes = {arm.name: arm.note for arm in study.all_arms()}
    rows = planned_rows(load_recipe(base_path(study, path)), planned, notes)
    missing = wanted(planned)
    totals = {
        "trials": len(rows),
        "artefacts": len({s.key for one in planned for s in one.steps}),
        "to_build": len(missing),
        "built_for_several": sum(len(w.trials) > 1 for w in missing),
    }
    if as_json:
        click.echo(json.dumps({**totals, "plan": [r.to_row() for r in rows]}, ensure_ascii=False))
        return
    table = [["arm", "repetition", "builds", "shares"]]
    table += [[r.arm, str(r.repeat), ", ".join(r.build) or "nothing", _shares(r.kept, r.shared)] for r in rows]
    click.echo(aligned(table, right=(1,)))
    for row in (r for r in rows if r.repeat == 1):
        click.echo(f"\n{row.arm}{f': {row.note}' if row.note else ''}")
        click.echo("\n".join(f"  {line}" for line in row.differences) or "  as the base recipe")
    click.echo(
        f"\n{totals['trials']} trials want {totals['artefacts']} artefacts: {totals['to_build']} are to be built, "
        f"{totals['built_for_several']} of these for several trials."
    )


def _shares(kept: Sequence[str], shared: dict[str, str]) -> str:
    parts = [f"{len(kept)} kept"] if kept else []
    with_whom = {trial: [s for s, t in shared.items() if t == trial] for trial in shared.values()}
    parts += [f"{', '.join(stages)} with {trial}" for trial, stages in with_whom.items()]
    return "; ".join(parts) or "nothing"


def _markdown(folder: Path) -> str:
    """The tables of the page as Markdown."""
    from rantau.stages.report.study import tables, verdict
    from rantau.stages.report.study.facts import read_study
    from rantau.stages.report.study.markdown import markdown_table

    facts = read_study(folder / "study.json")
    found = [tables.methods(facts), tables.results(facts), tables.ranks(facts)]
    found += [tables.differences(facts, against) for against in facts.against()]
    found += [tables.spread(facts), tables.published(facts), tables.failed(facts)]
    head = [f"# Study {facts.study['name']}", verdict.headline(facts), verdict.rivals(facts)]
    head += [verdict.against_base(facts), *(f"- {text}" for text in verdict.cautions(facts))]
    return "\n\n".join([*(h for h in head if h), *(markdown_table(t) for t in found if t is not None)])


def _told(folder: Path, result: StudyResult, page: Path) -> str:
    from rantau.cli.table import aligned
    from rantau.stages.report.study import tables, verdict
    from rantau.stages.report.study.facts import read_study

    facts = read_study(folder / "study.json")
    table = tables.results(facts)
    numeric: dict[str, Any] = {"right": table.numeric}
    rows = [list(table.columns), *([cell.text for cell in row] for row in table.rows)]
    parts = [aligned(rows, **numeric), verdict.headline(facts), verdict.rivals(facts), f"page    {page}"]
    return "\n\n".join(part for part in parts if part)
