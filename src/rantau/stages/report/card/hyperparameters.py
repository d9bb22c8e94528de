"""Hyperparameters: every setting of the training, one column a phase, and what all phases share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rantau.model.optimiser import BETA1
from rantau.recipe import Adapter, Phase, Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording

Row = list[Cell | str]


def table(facts: Facts, recipe: Recipe, words: Wording) -> Table:
    phases = recipe.phases
    rows = [*_adapter_rows(facts, recipe, words), *_rate_rows(recipe, words), *_phase_rows(phases, words)]
    columns = "|".join([words("hyper.setting"), *(p.name for p in phases)])
    return table_of(words("hyper.caption"), columns, rows, numeric=range(1, len(phases) + 1))


def _adapter_rows(facts: Facts, recipe: Recipe, words: Wording) -> list[Row]:
    adapters = [recipe.adapter_of(p) for p in recipe.phases]

    def row(key: str, value: Callable[[Adapter], Cell | str]) -> Row:
        return [words(f"hyper.{key}"), *(value(a) for a in adapters)]

    lineage = [words(f"lineage.{p.previous_adapter if n else 'first'}") for n, p in enumerate(recipe.phases)]
    return [
        [words("hyper.method"), *(words(f"kind.{p.kind}") for p in recipe.phases)],
        [words("hyper.lineage"), *lineage],
        row("rank", lambda a: words.integer(a.rank)),
        row("alpha", lambda a: words("value.auto") if a.alpha == "auto" else words.figure(float(a.alpha))),
        [words("hyper.scale"), *(words.rounded(p.effective_scale) for p in facts.phases)],
        row("scaling", lambda a: Cell("alpha / sqrt(rank)" if a.rslora else "alpha / rank", code=True)),
        row("dora", lambda a: _yes(a.dora, words)),
        row("init", lambda a: words(f"init.{a.init}")),
        row("dropout", lambda a: words.figure(a.dropout)),
        row("targets", lambda a: _targets(a, words)),
        row("layers", lambda a: _layers(a, words)),
        [words("hyper.trainable"), *(words.integer(p.trainable) for p in facts.phases)],
    ]


def _rate_rows(recipe: Recipe, words: Wording) -> list[Row]:
    phases, vocabulary = recipe.phases, recipe.vocabulary
    ratios = [recipe.adapter_of(p).loraplus_ratio for p in phases]
    rates = [p.learning_rate for p in phases]
    rows: list[Row] = [
        [words("hyper.rate_a"), *(words.figure(r) for r in rates)],
        [words("hyper.rate_b"), *(words.figure(r * k) for r, k in zip(rates, ratios, strict=True))],
        [words("hyper.ratio"), *(words.figure(k) for k in ratios)],
    ]
    if vocabulary.extend:
        rows.append([words("hyper.rate_rows"), *(words.figure(r * vocabulary.rate_share) for r in rates)])
        rows.append([words("hyper.decay_rows"), *(words.figure(vocabulary.weight_decay) for _ in rates)])
    return rows


def _phase_rows(phases: Sequence[Phase], words: Wording) -> list[Row]:
    def row(key: str, value: Callable[[Phase], Cell | str]) -> Row:
        return [words(f"hyper.{key}"), *(value(p) for p in phases)]

    rows = [
        row("optimiser", lambda p: words(f"optimiser.{p.optimiser}")),
        row("betas", lambda p: words("numbers.between").join(words.figure(b) for b in (BETA1, p.beta2))),
        row("weight_decay", lambda p: words.figure(p.weight_decay)),
        row("grad_norm", lambda p: words.figure(p.max_grad_norm)),
        row("schedule", lambda p: _schedule(p, words)),
        row("warmup", lambda p: words.percent(p.warmup_share, 1)),
        row("epochs", lambda p: words.figure(p.epochs)),
        row("batch", lambda p: words.integer(p.batch_size)),
        row("max_tokens", lambda p: words.integer(p.max_tokens)),
        row("over_long", lambda p: words(f"over_long.{p.over_long}")),
        row("packing", lambda p: words(f"packing.{p.packing}")),
        row("loss_on", lambda p: words(f"learnt.{'preference' if p.kind == 'dpo' else p.loss_on}")),
        row("ema", lambda p: words("value.none") if p.ema is None else words.figure(p.ema)),
        row("stopping", lambda p: _stopping(p, words)),
        row("checkpointing", lambda p: _yes(p.gradient_checkpointing, words)),
    ]
    if any(p.kind == "dpo" for p in phases):
        rows.append(row("beta", lambda p: words.figure(p.beta) if p.kind == "dpo" else words("value.none")))
    return rows


def shared(facts: Facts, recipe: Recipe, words: Wording) -> Table:
    """What all phases have in common: weights, template, seed."""
    model = recipe.model
    template = words("value.own_template") if facts.template == "own" else facts.template
    rows: list[Row] = [
        [words("hyper.frozen"), Cell(model.dtype, code=True)],
        [words("hyper.learnt_type"), Cell("float32", code=True)],
        [words("hyper.quantisation"), _quantisation(recipe, words)],
        [words("hyper.template"), template],
        [words("hyper.system_prompt"), recipe.formatting.system_prompt or words("value.none")],
        [words("hyper.seed"), _seed(recipe, words)],
    ]
    return table_of(words("hyper.shared_caption"), words("columns.shared"), rows)


def _seed(recipe: Recipe, words: Wording) -> Cell | str:
    """The recipe's own seed, and which repetition of it: the two give every draw."""
    if recipe.repeat:
        return words("hyper.seed_repeat", seed=str(recipe.seed), n=str(recipe.repeat))
    return Cell(str(recipe.seed), code=True)


def _quantisation(recipe: Recipe, words: Wording) -> str:
    if recipe.model.quantisation == "nf4":
        return words("quantisation.nf4_double" if recipe.model.double_quantisation else "quantisation.nf4")
    return words(f"quantisation.{recipe.model.quantisation}")


def _targets(adapter: Adapter, words: Wording) -> Cell | str:
    if isinstance(adapter.targets, list):
        return Cell(" ".join(adapter.targets), code=True)
    return words(f"targets.{adapter.targets.replace('-', '_')}")


def _layers(adapter: Adapter, words: Wording) -> Cell | str:
    if adapter.layers is None:
        return words("value.all")
    return Cell(" ".join(map(str, adapter.layers)), code=True)


def _schedule(phase: Phase, words: Wording) -> str:
    text = words(
        f"schedule.{phase.schedule}", cycles=words.integer(phase.cycles), share=words.percent(phase.decay_share, 0)
    )
    floor = words("schedule.floor", share=words.percent(phase.floor_share, 1)) if phase.floor_share else ""
    return f"{text}{floor}"


def _stopping(phase: Phase, words: Wording) -> str:
    rule = phase.early_stopping
    if rule is None:
        return words("value.none")
    return words(
        "hyper.stopping_rule", steps=words.integer(rule.every_steps), patience=words.integer(rule.patience),
        gain=words.figure(rule.min_gain), share=words.percent(rule.share, 1),
    )  # fmt: skip


def _yes(value: bool, words: Wording) -> str:
    return words("value.yes" if value else "value.no")
