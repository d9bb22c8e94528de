"""The stages in order: the map."""

from __future__ import annotations

from rantau.recipe import CorpusRecipe, Recipe
from rantau.run.stage import Stage
from rantau.stages.curation.stage import CLEAN, MIX, SELECT
from rantau.stages.evaluation.benchmarks.stage import BENCHMARKS, benchmark_stage
from rantau.stages.evaluation.gate import GATE
from rantau.stages.evaluation.stage import COMPARE, answer_stage
from rantau.stages.export.stage import export_stage
from rantau.stages.formatting.stage import format_stage
from rantau.stages.formatting.vocabulary.stage import VOCABULARY
from rantau.stages.report.selection.stage import SELECTION
from rantau.stages.report.stage import report_stage
from rantau.stages.sources.stage import GATHER
from rantau.stages.training.stage import train_stage


def corpus_stages(recipe: CorpusRecipe) -> list[Stage]:
    """sources -> cleaning -> sampling, and the page that shows the selection if there is one."""
    return [GATHER, CLEAN, SELECT, *([SELECTION] if recipe.curation.sampling else [])]


def stages_of(recipe: Recipe) -> list[Stage]:
    """A corpus -> mixture -> words for the tokenizer, if asked for -> formatting -> training, phase by phase
    -> answers before and after -> comparison -> benchmarks, if asked for -> report -> the conditions of fail_if
    -> export."""
    vocabulary = VOCABULARY.name if recipe.vocabulary.extend else None
    training: list[Stage] = []
    for phase in recipe.phases:
        training.append(train_stage(phase, training[-1].name if training else None, vocabulary=vocabulary))
    last = training[-1].name
    benchmarks: list[Stage] = []
    if recipe.evaluation.benchmarks:
        benchmarks = [
            benchmark_stage("base", adapter_from=None),
            benchmark_stage("adapted", adapter_from=last, vocabulary=vocabulary),
            BENCHMARKS,
        ]
    return [
        *corpus_stages(recipe),
        MIX,
        *([VOCABULARY] if vocabulary else []),
        format_stage(vocabulary=vocabulary),
        *training,
        answer_stage("base", adapter_from=None),
        answer_stage("adapted", adapter_from=last, vocabulary=vocabulary),
        COMPARE,
        *benchmarks,
        report_stage(
            [stage.name for stage in training],
            vocabulary=vocabulary,
            benchmarks=BENCHMARKS.name if benchmarks else None,
            selected=SELECT.name if recipe.curation.sampling else None,
        ),
        *([GATE] if recipe.evaluation.fail_if else []),
        export_stage(last, vocabulary=vocabulary),
    ]
