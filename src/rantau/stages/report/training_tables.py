"""Tables of the training, one column a phase: settings, then outcome and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rantau.recipe import Phase, Recipe
from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.precision import number, percent
from rantau.stages.report.running import Running
from rantau.stages.report.table import Table, table_of
from rantau.stages.report.wording import ENGLISH


def settings(recipe: Recipe) -> Table:
    """Settings that no phase uses are left out."""
    return _by_phase("What was asked of each phase.", recipe, _settings(recipe))


def training(facts: Facts, recipe: Recipe, running: Running) -> Table:
    """Outcome, seconds, memory and energy."""
    phases = dict(zip((p.name for p in recipe.phases), facts.phases, strict=True))
    return _by_phase("What each phase did, and what it cost.", recipe, [*_outcome(phases), *_cost(running)])


def _by_phase(caption: str, recipe: Recipe, rows: list[list[str]]) -> Table:
    columns = "|".join(["", *(p.name for p in recipe.phases)])
    return table_of(caption, columns, rows, numeric=range(1, len(recipe.phases) + 1))


def _settings(recipe: Recipe) -> list[list[str]]:
    p, w = recipe.phases, ENGLISH
    rows = [
        ["kind", *(w(f"kind.{x.kind}") for x in p)],
        ["learnt", *(_learnt(x) for x in p)],
        ["epochs", *(w.figure(x.epochs) for x in p)],
        ["batch size, rows", *(f"{x.batch_size:,}" for x in p)],
        ["optimiser", *(w(f"optimiser.{x.optimiser}") for x in p)],
        ["peak learning rate, A", *(w.figure(x.learning_rate) for x in p)],
        ["peak learning rate, B", *(w.figure(x.learning_rate * recipe.adapter_of(x).loraplus_ratio) for x in p)],
        ["schedule", *(_schedule(x) for x in p)],
        ["warm-up, share of steps", *(percent(x.warmup_share, 0) for x in p)],
        ["weight decay", *(w.figure(x.weight_decay) for x in p)],
        ["gradients clipped at norm", *(w.figure(x.max_grad_norm) for x in p)],
        ["longest row, tokens", *(f"{x.max_tokens:,} ({x.over_long})" for x in p)],
    ]
    vocabulary = recipe.vocabulary
    if vocabulary.extend:
        rows.insert(
            7, ["peak learning rate, new rows", *(w.figure(x.learning_rate * vocabulary.rate_share) for x in p)]
        )
    optional: list[tuple[str, Callable[[Phase], bool], Callable[[Phase], str]]] = [
        ("packing", lambda x: x.packing != "none", lambda x: w(f"packing.{x.packing}")),
        ("moving average kept, decay", lambda x: x.ema is not None, lambda x: w.figure(x.ema or 0.0)),
        ("early stopping", lambda x: x.early_stopping is not None, _stopping),
        ("gradient checkpointing", lambda x: x.gradient_checkpointing, lambda _: "yes"),
        ("DPO beta", lambda x: x.kind == "dpo", lambda x: w.figure(x.beta)),
    ]
    for name, used, shown in optional:
        if any(used(x) for x in p):
            rows.append([name, *(shown(x) if used(x) else precision.NOTHING for x in p)])
    return rows


def _learnt(phase: Phase) -> str:
    if phase.kind == "dpo":
        return "chosen over rejected answers"
    return "all tokens" if phase.loss_on == "all" else "answers and their end tokens"


def _schedule(phase: Phase) -> str:
    share = percent(phase.decay_share, 0)
    text = ENGLISH(f"schedule.{phase.schedule}", cycles=str(phase.cycles), share=share)
    floor = ENGLISH("schedule.floor", share=percent(phase.floor_share)) if phase.floor_share else ""
    return f"{text}{floor}"


def _stopping(phase: Phase) -> str:
    rule = phase.early_stopping
    assert rule is not None
    return f"{percent(rule.share, 0)} of rows, every {rule.every_steps} steps, patience {rule.patience}"


def _outcome(phases: Mapping[str, PhaseFacts]) -> list[list[str]]:
    p = phases.values()
    rows = [
        ["rows learnt", *(f"{x.rows_learnt:,}" for x in p)],
        *_of_rows(phases),
        ["rows truncated", *(f"{x.truncated:,}" for x in p)],
        ["optimiser steps", *(f"{x.steps:,}" for x in p)],
        ["tokens seen, padding not counted", *(f"{x.tokens:,}" for x in p)],
        ["tokens learnt", *(f"{x.learnt_tokens:,}" for x in p)],
        ["padding, share of positions", *(percent(x.pad_share) for x in p)],
        ["first loss, nats per learnt token", *(number(x.first_loss, 3) for x in p)],
        ["last loss, nats per learnt token", *(number(x.last_loss, 3) for x in p)],
    ]
    if any(x.kind == "dpo" for x in p):
        for row, word in zip(rows[-2:], ("first", "last"), strict=True):
            row[0] = f"{word} loss, nats per learnt token (DPO: its own loss)"
    if any(x.best for x in p):
        told = (
            f"{number(b.bits_per_byte, 3)} (step {b.step:,})" if (b := x.best) else precision.NOTHING for x in p
        )
        rows.append(["bits per byte of held-back rows, adapter kept", *told])
    if any(x.preferred is not None for x in p):
        shares = (percent(x.preferred) for x in p)
        rows.append(["pairs whose chosen answer gained more, last steps", *shares])
    return rows


def _of_rows(phases: Mapping[str, PhaseFacts]) -> list[list[str]]:
    """What only packing and early stopping do with rows."""
    p, found = phases.values(), []
    if any(x.filled_share is not None for x in p):
        found.append(["room of the packed rows that is filled", *(percent(x.filled_share) for x in p)])
    if any(x.rows_held_back for x in p):
        shown = (f"{x.rows_held_back:,}" if x.rows_held_back else precision.NOTHING for x in p)
        found.append(["rows held back for early stopping", *shown])
    return found


def _cost(running: Running) -> list[list[str]]:
    s = running.speeds
    return [
        ["training time", *(precision.duration(x.wall_s) for x in s)],
        ["tokens per second", *(number(x.tokens_per_s, 0) for x in s)],
        ["peak memory, GiB", *(number(x.peak_gib, 2) for x in s)],
        ["energy, kWh", *(_energy(x.energy.kwh, x.energy.method) if x.energy else "not recorded" for x in s)],
        ["device", *(", ".join(x.accelerators) or x.device for x in s)],
    ]


def _energy(kwh: float, method: str) -> str:
    return f"{ENGLISH.rounded(kwh)} ({method})"
