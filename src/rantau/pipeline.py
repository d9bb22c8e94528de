"""The stages in order: the map."""

from __future__ import annotations

from rantau.recipe import Recipe
from rantau.run.stage import Stage
from rantau.stages.curation.stage import CURATE
from rantau.stages.evaluation.stage import COMPARE, answer_stage
from rantau.stages.export.stage import export_stage
from rantau.stages.formatting.stage import FORMAT
from rantau.stages.report.stage import report_stage
from rantau.stages.sources.stage import GATHER
from rantau.stages.training.stage import train_stage


def stages_of(recipe: Recipe) -> list[Stage]:
    """sources -> curation -> formatting -> training, phase by phase -> answers before and after
    -> comparison -> report -> export."""
    training: list[Stage] = []
    for phase in recipe.phases:
        training.append(train_stage(phase, training[-1].name if training else None))
    last = training[-1].name
    return [
        GATHER,
        CURATE,
        FORMAT,
        *training,
        answer_stage("base", adapter_from=None),
        answer_stage("adapted", adapter_from=last),
        COMPARE,
        report_stage([stage.name for stage in training]),
        export_stage(last),
    ]
