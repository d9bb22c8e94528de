"""All tables by name, as the template of the page calls them."""

from rantau.stages.report.benchmark_tables import benchmarks, tasks
from rantau.stages.report.card.environment import cost
from rantau.stages.report.card.hyperparameters import shared
from rantau.stages.report.card.hyperparameters import table as hyperparameters
from rantau.stages.report.data_tables import composition, drops, fertility, sources
from rantau.stages.report.losses import losses
from rantau.stages.report.run_tables import machine, stages, versions
from rantau.stages.report.score_tables import answers, domains, gates, held_out, in_context, signatures, warnings
from rantau.stages.report.switch_table import switches
from rantau.stages.report.training_tables import outcome
from rantau.stages.report.vocabulary_tables import examples, vocabulary

__all__ = [
    "answers", "benchmarks", "composition", "cost", "domains", "drops", "examples", "fertility", "gates",
    "held_out", "hyperparameters", "in_context", "losses", "machine", "outcome", "shared", "signatures", "sources",
    "stages", "switches", "tasks", "versions", "vocabulary", "warnings",
]  # fmt: skip
